import type { QuantizedTensor } from '../fixedpoint/types.js'
import { familyOf } from './index.js'
import type { FixedOperator, IntegerRange } from './types.js'

/** Narrows the ranges of what an operator writes to what it can write. The operators before it have recorded theirs. */
export function recordRanges(
  operator: FixedOperator,
  quantized: ReadonlyMap<string, QuantizedTensor>,
  ranges: Map<string, IntegerRange>,
): void {
  const inputs = operator.inputs.map((name) => ranges.get(name) ?? ([0, 0] as const))
  const outputs = operator.outputs.map((name) => quantized.get(name))
  if (outputs.some((output) => output === undefined)) return
  const narrowed = familyOf(operator).ranges(operator, inputs, outputs as QuantizedTensor[])
  for (const [index, name] of operator.outputs.entries()) {
    const range = narrowed[index]
    if (range) ranges.set(name, range)
  }
}
