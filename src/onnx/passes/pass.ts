// What a graph pass is: a pure function from a model to a model that computes the same outputs.

import { type GraphIndex, indexGraph, nameSource } from '../graph.js'
import { withUniqueNames } from '../names/nodeNames.js'
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../types.js'

export interface PassResult {
  readonly proto: ModelProto
  /** How many places changed; 0: `proto` is the model that went in. */
  readonly count: number
  /** New entries of the model's `zeros`; absent: none. */
  readonly zeros?: ReadonlyMap<string, Float64Array>
}

export interface Pass {
  /** What it does, for the log: "folded BatchNormalization nodes". */
  readonly title: string
  apply(proto: ModelProto): PassResult | Promise<PassResult>
}

/** The model with another graph, or the very same model where nothing changed. */
export function changed(proto: ModelProto, graph: Partial<GraphProto>, count: number): PassResult {
  return count === 0 ? { proto, count } : { proto: { ...proto, graph: { ...proto.graph, ...graph } }, count }
}

/** Nodes that stand for one, and the constants that they need. */
export interface Expansion {
  readonly nodes: readonly NodeProto[]
  readonly tensors: readonly TensorProto[]
}

/** What is needed to write new nodes into a graph. */
export interface Room {
  readonly index: GraphIndex
  readonly unique: (wish: string) => string
}

/** @param expand what stands for a node; undefined: the node stays */
export function expandNodes(
  proto: ModelProto,
  expand: (node: NodeProto, room: Room) => Expansion | undefined,
): PassResult {
  const { graph } = proto
  const room = { index: indexGraph(graph), unique: nameSource(graph) }
  const initializer: TensorProto[] = [...graph.initializer]
  let count = 0
  const node = graph.node.flatMap((one) => {
    const expansion = expand(one, room)
    if (expansion === undefined) return [one]
    count++
    initializer.push(...expansion.tensors)
    return expansion.nodes
  })
  return changed(proto, withUniqueNames({ ...graph, node, initializer }).graph, count)
}

/** Nodes to put in the place of others (undefined: nothing), and constants they need. */
export interface Replacement {
  readonly nodes: ReadonlyMap<NodeProto, NodeProto | undefined>
  readonly tensors: readonly TensorProto[]
}

/** The graph after a replacement: nodes keep their places. */
export function replaceNodes(graph: GraphProto, { nodes, tensors }: Replacement): Partial<GraphProto> {
  const node = graph.node.flatMap((old) => {
    const next = nodes.has(old) ? nodes.get(old) : old
    return next === undefined ? [] : [next]
  })
  return { node, initializer: [...graph.initializer, ...tensors] }
}
