// What a graph pass is: a pure function from a model to a model that computes the same outputs.

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
