// Copies of nodes under other tensor names.

import type { AttributeProto, GraphProto, NodeProto } from '../onnx/types.js'

export type Rename = (tensor: string) => string

/** The node with every tensor it reads renamed, inside its subgraphs too (ONNX forbids them to reuse outer names), and every one it writes. */
export function renameTensors(node: NodeProto, read: Rename, write: Rename): NodeProto {
  return {
    ...node,
    input: node.input.map(read),
    output: node.output.map(write),
    attribute: node.attribute.map((attribute) => renameInAttribute(attribute, read)),
  }
}

function renameInAttribute(attribute: AttributeProto, read: Rename): AttributeProto {
  const { g, graphs } = attribute
  if (g === undefined && graphs === undefined) return attribute
  return {
    ...attribute,
    ...(g !== undefined && { g: renameInGraph(g, read) }),
    ...(graphs !== undefined && { graphs: graphs.map((graph) => renameInGraph(graph, read)) }),
  }
}

function renameInGraph(graph: GraphProto, read: Rename): GraphProto {
  return { ...graph, node: graph.node.map((node) => renameTensors(node, read, (name) => name)) }
}
