// The quantization plan of a model: operators, scale groups, observed tensors. A function of the graph and its dims alone.

import { SquireError } from '../errors.js'
import { entryOf } from '../onnx/entry.js'
import { readsDimsOnly } from '../onnx/operators.js'
import { DataType, type Model, type TensorInfo } from '../onnx/types.js'
import { inFloat } from '../operators/fallback/plan.js'
import { isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import { derivedTensors } from './derived.js'
import { scaleGroups } from './groups.js'
import { maskedTensors } from './masked.js'
import { joinWidths } from './narrowed.js'
import { joinFloat } from './neighbours.js'
import type { PlanOptions } from './options.js'
import { partition } from './partition.js'
import type { Plan } from './types.js'
import { type GraphView, viewGraph } from './view.js'

/**
 * @param model after the graph passes
 * @param tensors element type and dims of every tensor, from a first run
 * @param options the chip, and in how many of its bits each operator computes
 * @throws SquireError UNSUPPORTED when the model computes on real values, but the chip can run none of its operators
 */
export function makePlan(model: Model, tensors: ReadonlyMap<string, TensorInfo>, options: PlanOptions): Plan {
  const { graph } = model.proto
  const view = viewGraph(model.proto, tensors, model.zeros, options.kept)
  const isReal = (name: string) => tensors.get(name)?.dataType === DataType.FLOAT
  const computesOnReals = ({ nodes, inputs, outputs }: PlannedOperator) =>
    !nodes.every(readsDimsOnly) && [...inputs, ...outputs].some(isReal)
  const matched = joinFloat(partition(view), view).map((operator) => entering(operator, view))
  if (matched.every(isFallback) && matched.some(computesOnReals)) throw nothingToQuantize(matched)
  const outside = [...graph.input.map(({ name }) => name), ...view.nodes.flatMap(({ output }) => output)]
  const inner = innerTensors(matched, outside)
  const named = [...outside, ...inner]
  const { operators, order, narrowed } = joinWidths(matched, named, view, options)
  const groups = scaleGroups(operators, order, view, options)
  const held = groups.flatMap((scaleGroup) => scaleGroup.tensors.map((name) => [name, scaleGroup] as const))
  const groupOf = new Map(held.filter(([name]) => !narrowed.has(name) && !inner.has(name)))
  const derived = derivedTensors(operators)
  const origins = (name: string): readonly string[] => derived.get(name)?.of.flatMap(origins) ?? [name]
  const observed = new Set(groups.flatMap(({ sources }) => sources.flatMap(origins)))
  return {
    ...{ operators, groups, groupOf, derived, narrowed, inner, tensors },
    masked: maskedTensors(operators, narrowed, view),
    observed: order.filter((name) => observed.has(name)),
    outputs: new Set(graph.output.map(({ name }) => name)),
  }
}

/** An operator that brings an input to the values of its integers stays in float: it computes on the real values that the caller gives. */
function entering(operator: PlannedOperator, view: GraphView): PlannedOperator {
  const [node, ...more] = operator.nodes
  const enters = node !== undefined && more.length === 0 && entryOf(node, view.index) !== undefined
  return enters ? inFloat(operator, view, undefined) : operator
}

/** The tensors that only steps read and write. */
function innerTensors(operators: readonly PlannedOperator[], outside: readonly string[]): ReadonlySet<string> {
  const steps = operators.flatMap((operator) => operator.steps ?? [])
  const inner = new Set(steps.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  for (const name of outside) inner.delete(name)
  return inner
}

function nothingToQuantize(operators: readonly PlannedOperator[]): SquireError {
  const reasons = operators.flatMap((operator) =>
    isFallback(operator) && operator.reason !== undefined
      ? [`${operator.nodes[0]!.opType} "${operator.name}": ${operator.reason}`]
      : [],
  )
  const shown = reasons.length > 10 ? [...reasons.slice(0, 10), `and ${reasons.length - 10} more`] : reasons
  const list =
    shown.length > 0 ? shown : ['its float32 tensors depend on no input, are empty, or have dims that depend on values']
  return new SquireError(
    'UNSUPPORTED',
    [
      'There is nothing to quantize, the chip can run no operator of this model:',
      ...list.map((line) => `  ${line}`),
      'Give a float32 model with convolutions or products whose weights are constant.',
    ].join('\n'),
  )
}
