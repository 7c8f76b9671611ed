// What no graph output needs goes: nodes, initializers, notes on tensors that are no more. Inputs stay: they are the caller's.

import { outerInputs } from '../../graph.js'
import type { GraphProto, ModelProto, NodeProto } from '../../types.js'
import type { Pass } from '../pass.js'

export const removeDead = {
  title: 'unused nodes and constants removed',
  apply(proto: ModelProto) {
    const graph = withoutDead(proto.graph)
    const count =
      proto.graph.node.length - graph.node.length + proto.graph.initializer.length - graph.initializer.length
    return { proto: graph === proto.graph ? proto : { ...proto, graph }, count }
  },
} satisfies Pass

/** The graph itself where nothing goes. */
export function withoutDead(graph: GraphProto): GraphProto {
  const needed = neededNames(graph)
  const node = graph.node.filter((item) => item.output.some((name) => needed.has(name)))
  // Of two initializers with one name the runtime takes the last.
  const last = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]))
  const initializer = graph.initializer.filter((tensor) => needed.has(tensor.name) && last.get(tensor.name) === tensor)
  const valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name))
  const isSame =
    node.length === graph.node.length &&
    initializer.length === graph.initializer.length &&
    valueInfo.length === graph.valueInfo.length
  return isSame ? graph : { ...graph, node, initializer, valueInfo }
}

function neededNames(graph: GraphProto): ReadonlySet<string> {
  const producers = new Map<string, NodeProto>()
  for (const node of graph.node) for (const name of node.output) producers.set(name, node)
  const needed = new Set<string>()
  const open = graph.output.map(({ name }) => name)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === '' || needed.has(name)) continue
    needed.add(name)
    const producer = producers.get(name)
    if (producer !== undefined) open.push(...outerInputs(producer))
  }
  return needed
}
