// Names of nodes. The runtime refuses a graph in which two nodes have one name; exporters write such graphs, and inlining makes them.

import type { GraphProto, NodeProto } from '../types.js'

/** The graph with each name kept by the first node that has it; later ones get a number. A node without a name gets that of its operator and output. */
export function withUniqueNames(graph: GraphProto): { readonly graph: GraphProto; readonly count: number } {
  const wishOf = ({ name, opType, output }: NodeProto) => name || `${opType}_${output[0] ?? ''}`
  const wishes = new Set(graph.node.map(wishOf))
  const taken = new Set<string>()
  let count = 0
  const node = graph.node.map((one): NodeProto => {
    const wish = wishOf(one)
    let name = wish
    for (let number = 1; taken.has(name) || (name !== wish && wishes.has(name)); number++) name = `${wish}_${number}`
    taken.add(name)
    if (name === one.name) return one
    count++
    return { ...one, name }
  })
  return count === 0 ? { graph, count } : { graph: { ...graph, node }, count }
}
