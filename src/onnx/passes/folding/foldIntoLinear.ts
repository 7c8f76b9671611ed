// The common part of the passes that move a per-channel map into the linear operator before it.

import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import type { ModelProto, NodeProto, TensorProto } from '../../types.js'
import { changed, type PassResult, replaceNodes } from '../pass.js'
import { absorb, type ChannelMap, type Linear, linearOperator } from './linear.js'

/** A node that is an affine map of `input`. */
export interface Candidate {
  readonly input: string
  /** The map after this operator; undefined when it is not one value a channel. */
  mapFor(linear: Pick<Linear, 'rank' | 'channels'>): ChannelMap | undefined
}

/** Folds every node that `candidateOf` recognises into its producer, where that is linear and nothing else reads what lies between. */
export function foldIntoLinear(
  proto: ModelProto,
  candidateOf: (node: NodeProto, index: GraphIndex) => Candidate | undefined,
): PassResult {
  const { graph } = proto
  const index = indexGraph(graph)
  const nameOf = nameSource(graph)
  const nodes = new Map<NodeProto, NodeProto | undefined>()
  const tensors: TensorProto[] = []
  for (const node of graph.node) {
    const candidate = candidateOf(node, index)
    const producer = candidate && index.producer(candidate.input)
    // A chain folds one node a round: its second node finds the producer replaced.
    if (candidate === undefined || producer === undefined || nodes.has(producer)) continue
    if (index.consumers(candidate.input).length !== 1 || index.isGraphOutput(candidate.input)) continue
    const linear = linearOperator(producer, index)
    const map = linear && candidate.mapFor(linear)
    const absorbed = map && absorb(linear, map, node.output[0]!, nameOf)
    if (absorbed === undefined) continue
    nodes.set(producer, absorbed.node).set(node, undefined)
    tensors.push(...absorbed.tensors)
  }
  return changed(proto, replaceNodes(graph, { nodes, tensors }), nodes.size / 2)
}
