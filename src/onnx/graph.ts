// Who makes and who reads each tensor of a graph. Reads from inside a node's subgraphs (If, Loop, Scan) count as the node's own.

import { SquireError } from '../errors.js'
import { subgraphs } from './attribute.js'
import type { GraphProto, NodeProto, TensorProto } from './types.js'

export interface GraphIndex {
  /** The node that writes a tensor; undefined for graph inputs, initializers and unknown names. */
  producer(name: string): NodeProto | undefined
  /** The nodes that read a tensor, each once, in graph order; subgraph reads included. */
  consumers(name: string): readonly NodeProto[]
  initializer(name: string): TensorProto | undefined
  /** Whether it is in the graph's input list, as an initializer of an old model may be. */
  isGraphInput(name: string): boolean
  isGraphOutput(name: string): boolean
  /** Every tensor a node reads, each once: its inputs, then what its subgraphs capture. Omitted inputs are left out. */
  outerInputs(node: NodeProto): readonly string[]
}

const known = new WeakMap<GraphProto, GraphIndex>()

/** An index of the graph, made once: a graph is never changed, what changes one makes another. Most passes leave it as it is. */
export function indexGraph(graph: GraphProto): GraphIndex {
  const index = known.get(graph) ?? makeIndex(graph)
  known.set(graph, index)
  return index
}

function makeIndex(graph: GraphProto): GraphIndex {
  const producers = new Map<string, NodeProto>()
  const consumers = new Map<string, NodeProto[]>()
  const inputsOf = new Map<NodeProto, readonly string[]>()
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]))
  const inputs = new Set(graph.input.map(({ name }) => name))
  const outputs = new Set(graph.output.map(({ name }) => name))
  for (const node of graph.node) {
    const names = outerInputs(node)
    inputsOf.set(node, names)
    for (const name of node.output) if (name !== '') producers.set(name, node)
    for (const name of names) {
      const readers = consumers.get(name)
      if (readers === undefined) consumers.set(name, [node])
      else readers.push(node)
    }
  }
  return {
    producer: (name) => producers.get(name),
    consumers: (name) => consumers.get(name) ?? [],
    initializer: (name) => initializers.get(name),
    isGraphInput: (name) => inputs.has(name),
    isGraphOutput: (name) => outputs.has(name),
    outerInputs: (node) => inputsOf.get(node) ?? outerInputs(node),
  }
}

/** Every tensor a node reads, each once: its inputs, then what its subgraphs read from outside themselves. */
export function outerInputs(node: NodeProto): readonly string[] {
  const names = new Set(node.input.filter((name) => name !== ''))
  for (const graph of subgraphs(node)) for (const name of capturedNames(graph)) names.add(name)
  return [...names]
}

/** The outer tensors a subgraph reads: by its nodes, at any depth, or as its own outputs. */
export function capturedNames(graph: GraphProto): readonly string[] {
  const own = new Set([...graph.input, ...graph.initializer].map(({ name }) => name))
  for (const node of graph.node) for (const name of node.output) own.add(name)
  const captured = new Set<string>()
  for (const node of graph.node) for (const name of outerInputs(node)) if (!own.has(name)) captured.add(name)
  for (const { name } of graph.output) if (!own.has(name)) captured.add(name)
  return [...captured]
}

/** Every name a graph and its subgraphs use for a tensor. */
export function allNames(graph: GraphProto): Set<string> {
  const names = new Set(
    [...graph.input, ...graph.output, ...graph.initializer, ...graph.valueInfo].map(({ name }) => name),
  )
  for (const node of graph.node) {
    for (const name of [...node.input, ...node.output]) names.add(name)
    for (const inner of subgraphs(node)) for (const name of allNames(inner)) names.add(name)
  }
  return names
}

/** Gives names that no tensor of the graph has: the wish itself, or the wish with a number. The same calls give the same names. */
export function nameSource(graph: GraphProto): (wish: string) => string {
  let taken: Set<string> | undefined
  return (wish) => {
    taken ??= allNames(graph)
    let name = wish
    for (let count = 1; taken.has(name); count++) name = `${wish}_${count}`
    taken.add(name)
    return name
  }
}

/**
 * The nodes so ordered that every tensor is written before it is read. Nodes already in order stay where they are.
 * Throws a MODEL error that names the nodes of a cycle.
 */
export function sortTopologically(nodes: readonly NodeProto[]): NodeProto[] {
  const producers = new Map<string, NodeProto>()
  for (const node of nodes) for (const name of node.output) if (name !== '') producers.set(name, node)
  const sorted = new Set<NodeProto>()
  const open = new Set<NodeProto>()
  for (const root of nodes) {
    const stack = [root]
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!
      const missing = sorted.has(node) ? undefined : firstUnsorted(node, producers, sorted)
      if (missing === undefined) {
        stack.pop()
        open.delete(node)
        sorted.add(node)
        continue
      }
      open.add(node)
      if (open.has(missing)) throw cycle(stack.slice(stack.indexOf(missing)))
      stack.push(missing)
    }
  }
  return [...sorted]
}

function firstUnsorted(node: NodeProto, producers: ReadonlyMap<string, NodeProto>, sorted: ReadonlySet<NodeProto>) {
  for (const name of outerInputs(node)) {
    const producer = producers.get(name)
    if (producer !== undefined && !sorted.has(producer)) return producer
  }
  return undefined
}

function cycle(nodes: readonly NodeProto[]): SquireError {
  const names = nodes.map((node) => `"${node.name}" (${node.opType})`).join(' -> ')
  return new SquireError(
    'MODEL',
    `the graph has a cycle: ${names}; nodes of an ONNX graph may not depend on themselves`,
  )
}

/** Those of the constants that nodes read, or that are among `others`. */
export function readBy(
  nodes: readonly NodeProto[],
  constants: readonly TensorProto[],
  others: readonly string[] = [],
): TensorProto[] {
  const read = new Set([...nodes.flatMap((node) => outerInputs(node)), ...others])
  return constants.filter(({ name }) => read.has(name))
}
