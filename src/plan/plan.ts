// The quantization plan of a model: operators, scale classes, observed tensors. A function of the graph and its dims alone.

import { SquireError } from '../errors.js'
import type { Model, TensorInfo } from '../onnx/types.js'
import { isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import { scaleClasses } from './classes.js'
import { derivedTensors } from './derived.js'
import { joinFloat } from './neighbours.js'
import { partition } from './partition.js'
import type { Plan } from './types.js'
import { viewGraph } from './view.js'

/**
 * @param model after the graph passes
 * @param tensors element type and dims of every tensor, from a first run
 * @param unifyInputs all inputs of a concat get its scale (-uis)
 * @throws SquireError UNSUPPORTED when the chip can run no operator of the model
 */
export function makePlan(model: Model, tensors: ReadonlyMap<string, TensorInfo>, unifyInputs = false): Plan {
  const { graph } = model.proto
  const view = viewGraph(graph, tensors)
  const operators = joinFloat(partition(view), view)
  if (operators.every(isFallback)) throw nothingToQuantize(operators)
  const order = [...graph.input.map(({ name }) => name), ...view.nodes.flatMap(({ output }) => output)]
  const classes = scaleClasses(operators, order, view, unifyInputs)
  const classOf = new Map(classes.flatMap((scaleClass) => scaleClass.tensors.map((name) => [name, scaleClass])))
  const derived = derivedTensors(operators)
  const origins = (name: string): readonly string[] => derived.get(name)?.of.flatMap(origins) ?? [name]
  const observed = new Set(classes.flatMap(({ sources }) => sources.flatMap(origins)))
  return { operators, classes, classOf, derived, observed: order.filter((name) => observed.has(name)), tensors }
}

function nothingToQuantize(operators: readonly PlannedOperator[]): SquireError {
  const reasons = operators.flatMap((operator) =>
    isFallback(operator) && operator.reason !== undefined
      ? [`${operator.nodes[0]!.opType} "${operator.name}": ${operator.reason}`]
      : [],
  )
  const shown = reasons.length > 10 ? [...reasons.slice(0, 10), `and ${reasons.length - 10} more`] : reasons
  const list = shown.length > 0 ? shown : ['it has no operator on float32 activations']
  return new SquireError(
    'UNSUPPORTED',
    [
      'There is nothing to quantize, the chip can run no operator of this model:',
      ...list.map((line) => `  ${line}`),
      'Give a float32 model with convolutions or products whose weights are constant.',
    ].join('\n'),
  )
}
