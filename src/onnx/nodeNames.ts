// Names of nodes. The runtime refuses a graph in which two nodes have one name; exporters write such graphs, and inlining makes them.

import type { GraphProto, NodeProto } from './types.js'

/** The graph with each name kept by the first node that has it; later ones get a number. Nodes without a name stay without. */
export function withUniqueNames(graph: GraphProto): { readonly graph: GraphProto; readonly count: number } {
  const wishes = new Set(graph.node.map(({ name }) => name))
  const taken = new Set<string>()
  let count = 0
  const node = graph.node.map((one): NodeProto => {
    if (one.name === '' || !taken.has(one.name)) {
      taken.add(one.name)
      return one
    }
    let name = one.name
    for (let number = 1; taken.has(name) || wishes.has(name); number++) name = `${one.name}_${number}`
    taken.add(name)
    count++
    return { ...one, name }
  })
  return count === 0 ? { graph, count } : { graph: { ...graph, node }, count }
}
