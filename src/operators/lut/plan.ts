// Elementwise nodes that together are a function of one tensor: whatever their number, one table computes them exactly.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator } from '../types.js'
import { elementwise } from './functions.js'

/** Any chain of elementwise nodes that is a function of one tensor (activations, hard-swish written out, arithmetic with scalar constants). */
export interface PlannedLut extends PlannedOperator {
  readonly kind: 'lut' | 'steeplut'
  /** The function in double precision. */
  readonly evaluate: (x: number) => number
  /** What it is, for reports: "HardSwish", "Sigmoid", "Add>Clip>Mul>Div". */
  readonly label: string
}

/** The largest function of one tensor that starts at a node and has one output which others read. */
export function lutOf(kind: PlannedLut['kind'], start: NodeProto, view: GraphView): Match<PlannedLut> | undefined {
  const input = start.input.find((name) => view.isActivation(name))
  if (input === undefined || !isFunctionOf(start, new Set([input]), input, view)) return undefined
  const reachable = functionsOf(input, view)
  const nodes = [...reachable]
    .reverse()
    .map((last) => nodesUpTo(last, reachable))
    .find((group) => group.has(start) && hasOneOutput(group, view))
  if (!nodes) return undefined
  // Insertion order of `reachable` is graph order.
  const ordered = [...reachable].filter((node) => nodes.has(node))
  if (ordered.some(({ opType }) => opType === 'Log') !== (kind === 'steeplut')) return undefined
  const label = ordered.map(({ opType }) => opType).join('>')
  const output = ordered.at(-1)!.output[0]!
  return {
    kind,
    nodes: ordered,
    inputs: [input],
    outputs: [output],
    evaluate: compose(input, ordered, view),
    label,
  }
}

/** Every node whose activations are all functions of `input`, in graph order. */
function functionsOf(input: string, view: GraphView): ReadonlySet<NodeProto> {
  const known = new Set([input])
  const found = new Set<NodeProto>()
  const pending = new Set(view.index.consumers(input))
  // Consumers come in graph order, but those of different tensors interleave: visit by position.
  for (const node of view.nodes) {
    if (!pending.has(node) || !isFunctionOf(node, known, input, view)) continue
    found.add(node)
    known.add(node.output[0]!)
    for (const reader of view.index.consumers(node.output[0]!)) pending.add(reader)
  }
  return found
}

/** Whether a node computes, element by element, a function of known tensors and constant scalars, of the input's shape. */
function isFunctionOf(node: NodeProto, known: ReadonlySet<string>, input: string, view: GraphView): boolean {
  if (!elementwise(node)) return false
  const arguments_ = node.input.every((name) => name === '' || known.has(name) || view.scalar(name) !== undefined)
  const output = node.output[0]!
  return arguments_ && view.isActivation(output) && String(view.dims(output)) === String(view.dims(input))
}

/** The nodes among `reachable` that `last` depends on, itself included. */
function nodesUpTo(last: NodeProto, reachable: ReadonlySet<NodeProto>): ReadonlySet<NodeProto> {
  const group = new Set([last])
  const needed = new Set(last.input)
  for (const node of [...reachable].reverse()) {
    if (!needed.has(node.output[0]!)) continue
    group.add(node)
    for (const name of node.input) needed.add(name)
  }
  return group
}

/** Whether nothing outside reads what the nodes before the last one write. */
function hasOneOutput(group: ReadonlySet<NodeProto>, view: GraphView): boolean {
  const [last, ...inner] = group
  return inner.every((node) => {
    const output = node.output[0]!
    return (
      node !== last &&
      !view.index.isGraphOutput(output) &&
      view.index.consumers(output).every((reader) => group.has(reader))
    )
  })
}

function compose(input: string, nodes: readonly NodeProto[], view: GraphView): (x: number) => number {
  const names = [...new Set([input, ...nodes.flatMap((node) => [...node.input, node.output[0]!])])]
  const place = new Map(names.map((name, i) => [name, i]))
  const values = names.map((name) => view.scalar(name))
  const steps = nodes.map((node) => {
    const [first, second, ...more] = node.input.map((name) => place.get(name)!)
    const to = place.get(node.output[0]!)!
    const apply = elementwise(node)!
    // Called for every bin of a histogram: arguments are spread only where there are many.
    if (second === undefined) return () => (values[to] = apply(values[first!]))
    if (more.length === 0) return () => (values[to] = apply(values[first!], values[second]))
    return () => (values[to] = apply(values[first!], values[second], ...more.map((at) => values[at])))
  })
  const last = place.get(nodes.at(-1)!.output[0]!)!
  return (x) => {
    values[0] = x
    for (const step of steps) step()
    return values[last]!
  }
}
