// Where masks reach: minus infinity, or what exporters write for it, that a constant brings or the caller feeds among scores.

import { scoresOf } from '../onnx/scores.js'
import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { GraphView } from './view.js'

/**
 * The scores that may hold a mask.
 * @param operators in topological order
 * @param narrowed tensors that are copies of others in fewer bits -> the others
 */
export function maskedTensors(
  operators: readonly PlannedOperator[],
  narrowed: ReadonlyMap<string, string>,
  view: GraphView,
): ReadonlySet<string> {
  const inGraph = scoresOf(view.index)
  const isScore = (name: string) => inGraph(narrowed.get(name) ?? name)
  const entries = operators.flatMap(({ inputs }) => inputs).filter((name) => view.index.isGraphInput(name))
  const masked = new Set(entries.filter(isScore))
  for (const operator of operators) {
    const masks = familyOf(operator).masks?.(operator) === true || operator.inputs.some((name) => masked.has(name))
    for (const name of operator.outputs) if (masks && isScore(name)) masked.add(name)
  }
  return masked
}
