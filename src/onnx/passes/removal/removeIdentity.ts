// Identity, Dropout (which does nothing at inference), Concat of one tensor, reductions over no axes, products with 1 and sums with 0 go; names of graph outputs stay.
//
//     x -> Identity -> y            readers of y read x
//     node -> x -> Identity -> y    where y is a graph output: the node writes y itself, readers of x read y
//
// A name that a subgraph captures is left alone: it would have to change inside.

import { intAttribute, subgraphs } from '../../attribute.js'
import { capturedNames, type GraphIndex, indexGraph } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { tensorData } from '../../tensor.js'
import type { GraphProto, ModelProto, NodeProto } from '../../types.js'
import { changed, type Pass } from '../pass.js'

export const removeIdentity = {
  title: 'nodes that do nothing removed',
  apply(proto: ModelProto) {
    const { node } = withoutIdentity(proto.graph)
    return changed(proto, { node }, proto.graph.node.length - node.length)
  },
} satisfies Pass

export function withoutIdentity(graph: GraphProto): GraphProto {
  const names = renames(graph.node, indexGraph(graph))
  const node = graph.node.filter((item) => !names.removed.has(item)).map((item) => renameNode(item, names.of))
  return { ...graph, node }
}

interface Renames {
  readonly removed: ReadonlySet<NodeProto>
  of(name: string): string
}

function renames(nodes: readonly NodeProto[], index: GraphIndex): Renames {
  const captured = new Set(nodes.flatMap(subgraphs).flatMap(capturedNames))
  const removed = new Set<NodeProto>()
  const sources = new Map<string, string>()
  const outputs = new Map<string, string>()
  const movable = (source: string) =>
    index.producer(source) !== undefined &&
    !index.isGraphOutput(source) &&
    !captured.has(source) &&
    !outputs.has(source)
  for (const node of nodes) {
    const [from, to] = [passedInput(node, index), node.output[0]]
    if (!from || !to || captured.has(to)) continue
    const source = sources.get(from) ?? from
    if (index.isGraphOutput(to)) {
      if (!movable(source)) continue
      outputs.set(source, to)
    }
    sources.set(to, source)
    removed.add(node)
  }
  const of = (name: string) => {
    const source = sources.get(name) ?? name
    return outputs.get(source) ?? source
  }
  return { removed, of }
}

/** The input that a node gives as it is. */
function passedInput(node: NodeProto, index: GraphIndex): string | undefined {
  if (!isStandardDomain(node.domain)) return undefined
  if (passesThrough(node, index)) return node.input[0]
  const neutral = Object.hasOwn(neutralOf, node.opType) ? neutralOf[node.opType] : undefined
  if (neutral === undefined || node.input.length !== 2) return undefined
  const [left = '', right = ''] = node.input
  if (isScalar(right, neutral, index)) return left
  return commutative.has(node.opType) && isScalar(left, neutral, index) ? right : undefined
}

/** What an operator does nothing with, as its second input. */
const neutralOf: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1 }
const commutative: ReadonlySet<string> = new Set(['Add', 'Mul'])

/** Whether a tensor is a constant of this value without dims: one with dims could give its own to the result. */
function isScalar(name: string, value: number, index: GraphIndex): boolean {
  const tensor = index.initializer(name)
  return tensor !== undefined && tensor.dims.length === 0 && Number(tensorData(tensor)[0]) === value
}

function passesThrough(node: NodeProto, index: GraphIndex): boolean {
  if (node.opType === 'Concat' && node.input.length === 1) return true
  if (node.opType === 'Identity' || reducesNothing(node, index)) return true
  if (node.opType !== 'Dropout') return false
  const mask = node.output[1] ?? ''
  const training = node.input[2] ?? ''
  const maskUsed = mask !== '' && (index.consumers(mask).length > 0 || index.isGraphOutput(mask))
  return !maskUsed && (training === '' || isFalse(training, index))
}

/** Reductions that give a single value as it is. */
const keepingOne: ReadonlySet<string> = new Set(['ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum'])

function reducesNothing(node: NodeProto, index: GraphIndex): boolean {
  if (!keepingOne.has(node.opType) || intAttribute(node, 'noop_with_empty_axes', 0) === 0) return false
  const [, axes = ''] = node.input
  return axes === '' ? node.attribute.every(({ name }) => name !== 'axes') : index.initializer(axes)?.dims[0] === 0
}

function isFalse(name: string, index: GraphIndex): boolean {
  const tensor = index.initializer(name)
  return tensor !== undefined && Number(tensorData(tensor)[0]) === 0
}

function renameNode(node: NodeProto, of: (name: string) => string): NodeProto {
  return { ...node, input: node.input.map(of), output: node.output.map(of) }
}
