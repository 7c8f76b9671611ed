// Copies of nodes under other tensor names, inside their subgraphs too.

import { subgraphs } from '../attribute.js'
import type { AttributeProto, GraphProto, NodeProto } from '../types.js'

export type Rename = (tensor: string) => string

/** Every name that these nodes define: their outputs, and what is defined inside their subgraphs, at any depth. */
export function definedNames(nodes: readonly NodeProto[]): Set<string> {
  const names = new Set<string>()
  for (const node of nodes) {
    for (const name of node.output) if (name !== '') names.add(name)
    for (const graph of subgraphs(node)) {
      for (const { name } of [...graph.input, ...graph.initializer]) names.add(name)
      for (const name of definedNames(graph.node)) names.add(name)
    }
  }
  return names
}

/** The node with `rename` applied to every tensor name in it, whoever defines it. Omitted inputs and outputs ('') stay so. */
export function renameAll(node: NodeProto, rename: Rename): NodeProto {
  const named = (name: string) => (name === '' ? '' : rename(name))
  return {
    ...node,
    input: node.input.map(named),
    output: node.output.map(named),
    attribute: node.attribute.map((attribute) => mapGraphs(attribute, (graph) => renameGraph(graph, rename))),
  }
}

/** The graph with `rename` applied to every tensor name in it, at any depth. */
export function renameGraph(graph: GraphProto, rename: Rename): GraphProto {
  const renamed = <Item extends { name: string }>(item: Item) => ({ ...item, name: rename(item.name) })
  return {
    ...graph,
    node: graph.node.map((node) => renameAll(node, rename)),
    initializer: graph.initializer.map(renamed),
    input: graph.input.map(renamed),
    output: graph.output.map(renamed),
    valueInfo: graph.valueInfo.map(renamed),
  }
}

/** The attribute with the graphs in it, if any, changed. */
export function mapGraphs(attribute: AttributeProto, change: (graph: GraphProto) => GraphProto): AttributeProto {
  const { g, graphs } = attribute
  if (g === undefined && graphs === undefined) return attribute
  return {
    ...attribute,
    ...(g !== undefined && { g: change(g) }),
    ...(graphs !== undefined && { graphs: graphs.map(change) }),
  }
}
