// The tensors an operator reads and writes, whatever its kind.

import type { NodeProto } from '../onnx/types.js'
import type { PlannedOperator } from './types.js'
import type { GraphView } from './view.js'

export function inputsOf(operator: PlannedOperator): readonly string[] {
  return 'inputs' in operator ? operator.inputs : [operator.input]
}

export function outputsOf(operator: PlannedOperator): readonly string[] {
  return 'outputs' in operator ? operator.outputs : [operator.output]
}

/** Every tensor that nodes and their subgraphs read and do not write themselves, initializers aside; each once. */
export function outerInputsOf(nodes: readonly NodeProto[], { index }: GraphView): string[] {
  const own = new Set(nodes.flatMap(({ output }) => output))
  const names = new Set(nodes.flatMap((node) => index.outerInputs(node)))
  return [...names].filter((name) => !own.has(name) && index.initializer(name) === undefined)
}
