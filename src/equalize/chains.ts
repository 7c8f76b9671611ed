// Which channels of which tensors can be scaled by one factor: an operator that writes them takes the factor out of its weights, operators that
// read them take it in, and what lies between gives scaled results for scaled values (passing.ts).

import { intAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph } from '../onnx/graph.js'
import { type Linear, linearOperator } from '../onnx/passes/folding/linear.js'
import type { ModelProto, NodeProto, TensorInfo } from '../onnx/types.js'
import { type Chain, Channels } from './channels.js'
import { passesOn } from './passing.js'

export interface Chains {
  readonly chains: readonly Chain[]
  /** Convolutions and matrix products with constant weights, by the tensor that they write. */
  readonly linear: ReadonlyMap<string, Linear>
  readonly index: GraphIndex
}

/** The chains that have a factor to choose, in graph order. */
export function findChains({ graph }: ModelProto, tensors: ReadonlyMap<string, TensorInfo>): Chains {
  const index = indexGraph(graph)
  const channels = new Channels(tensors)
  const linear = new Map<string, Linear>()
  for (const { name } of [...graph.input, ...graph.output]) channels.pin(name)
  for (const node of graph.node) {
    const weighted = linearOf(node, index, channels)
    if (weighted !== undefined) linear.set(node.output[0]!, weighted)
    else if (!passesOn(node, index, channels)) {
      for (const name of [...index.outerInputs(node), ...node.output]) channels.pin(name)
    }
  }
  const order = [...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]
  const chains = channels.chains(order).filter(({ free }) => free.includes(true))
  return { chains, linear, index }
}

function linearOf(node: NodeProto, index: GraphIndex, channels: Channels): Linear | undefined {
  const isRow = intAttribute(node, 'transA', 0) === 0
  const linear = isRow && node.input.lastIndexOf(node.input[0]!) === 0 ? linearOperator(node, index) : undefined
  return linear && channels.count(node.input[0]!) > 0 && channels.count(node.output[0]!) > 0 ? linear : undefined
}
