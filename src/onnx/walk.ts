// Tensors wherever a model keeps them: initializers and attributes of the graph and of every subgraph.

import { subgraphs } from './attribute.js'
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './types.js'

/** A model in which every tensor is replaced by `change(tensor)`. Parts without a change are shared with the original. */
export function mapTensors(proto: ModelProto, change: (tensor: TensorProto) => TensorProto): ModelProto {
  return { ...proto, graph: mapGraph(proto.graph, change) }
}

/** Every tensor of a model, in a fixed order. */
export function allTensors(proto: ModelProto): TensorProto[] {
  const tensors: TensorProto[] = []
  mapTensors(proto, (tensor) => {
    tensors.push(tensor)
    return tensor
  })
  return tensors
}

/** Every node of a graph and of its subgraphs, in graph order, a node before those inside it. */
export function allNodes(graph: GraphProto): NodeProto[] {
  return graph.node.flatMap((node) => [node, ...subgraphs(node).flatMap(allNodes)])
}

function mapGraph(graph: GraphProto, change: (tensor: TensorProto) => TensorProto): GraphProto {
  const node = graph.node.map((item) => {
    if (!item.attribute.some(holdsTensors)) return item
    return { ...item, attribute: item.attribute.map((attribute) => mapAttribute(attribute, change)) }
  })
  return { ...graph, node, initializer: graph.initializer.map(change) }
}

function holdsTensors({ t, g, tensors, graphs }: AttributeProto): boolean {
  return t !== undefined || g !== undefined || tensors !== undefined || graphs !== undefined
}

function mapAttribute(attribute: AttributeProto, change: (tensor: TensorProto) => TensorProto): AttributeProto {
  const { t, g, tensors, graphs } = attribute
  return {
    ...attribute,
    ...(t !== undefined && { t: change(t) }),
    ...(g !== undefined && { g: mapGraph(g, change) }),
    ...(tensors !== undefined && { tensors: tensors.map(change) }),
    ...(graphs !== undefined && { graphs: graphs.map((graph) => mapGraph(graph, change)) }),
  }
}
