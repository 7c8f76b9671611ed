// -on: the model ends at other tensors than it did.

import { SquireError } from '../../errors.js'
import { outerInputs } from '../graph.js'
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from '../types.js'

/**
 * The model with these outputs, in this order, without the nodes and inputs that they do not need.
 * @param names tensors, or nodes, which stand for all that they write
 * @throws SquireError CONFIG for a name that the graph does not have
 */
export function cutOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const { graph } = proto
  const writers = new Map(
    graph.node.flatMap((node) => node.output.filter(Boolean).map((name) => [name, node] as const)),
  )
  const nodes = new Map(graph.node.filter(({ name }) => name !== '').map((node) => [node.name, node]))
  const tensors = names.flatMap((name) =>
    writers.has(name) ? [name] : (nodes.get(name)?.output ?? unknown(name, graph)),
  )
  const needed = neededFor(tensors, writers)
  const read = new Set([...needed].flatMap((node) => outerInputs(node)))
  const infos = new Map([...graph.valueInfo, ...graph.output].map((info) => [info.name, info]))
  const output: ValueInfoProto[] = [...new Set(tensors)].map((name) => infos.get(name) ?? { name })
  return {
    ...proto,
    graph: {
      ...graph,
      node: graph.node.filter((node) => needed.has(node)),
      input: graph.input.filter(({ name }) => read.has(name)),
      initializer: graph.initializer.filter(({ name }) => read.has(name)),
      output,
    },
  }
}

function neededFor(tensors: readonly string[], writers: ReadonlyMap<string, NodeProto>): ReadonlySet<NodeProto> {
  const needed = new Set<NodeProto>()
  const open = [...tensors]
  while (open.length > 0) {
    const node = writers.get(open.pop()!)
    if (node === undefined || needed.has(node)) continue
    needed.add(node)
    open.push(...outerInputs(node))
  }
  return needed
}

function unknown(name: string, { output, node }: GraphProto): never {
  const last = [...new Set([...node.slice(-3).flatMap((one) => one.output), ...output.map((info) => info.name)])]
  throw new SquireError(
    'CONFIG',
    `--output-name (-on): the model has no tensor or node "${name}" to end at. The last that it has: ${last.map((one) => `"${one}"`).join(', ')}`,
  )
}
