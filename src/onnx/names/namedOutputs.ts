// An output that nobody reads may have no name. Of If, Loop and Scan the runtime cannot work with that: it refuses the model, and a Loop whose state has
// no name ends the whole process. So such outputs get names.

import { subgraphs } from '../attribute.js'
import { nameSource } from '../graph.js'
import type { ModelProto, NodeProto } from '../types.js'
import { mapGraphs } from './renaming.js'

/** The model with a name for every output of a node with subgraphs, at any depth. The model itself where nothing is missing. */
export function withNamedOutputs(proto: ModelProto): ModelProto {
  const { graph, functions } = proto
  const bodies = [graph.node, ...(functions ?? []).map(({ node }) => node)]
  if (!bodies.flat().some(lacksName)) return proto
  return {
    ...proto,
    graph: { ...graph, node: named(graph.node, nameSource(graph)) },
    ...(functions !== undefined && {
      functions: functions.map((one) => ({ ...one, node: named(one.node, nameSource({ ...graph, node: one.node })) })),
    }),
  }
}

function lacksName(node: NodeProto): boolean {
  const graphs = subgraphs(node)
  return (graphs.length > 0 && node.output.includes('')) || graphs.some((graph) => graph.node.some(lacksName))
}

function named(nodes: readonly NodeProto[], unique: (wish: string) => string): NodeProto[] {
  return nodes.map((node) => {
    if (!lacksName(node)) return node
    const attribute = node.attribute.map((one) =>
      mapGraphs(one, (graph) => ({ ...graph, node: named(graph.node, unique) })),
    )
    const output = node.output.map((name) => name || unique(`${node.name || node.opType}_unread`))
    return { ...node, attribute, output }
  })
}
