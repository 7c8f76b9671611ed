// Magnitudes of complex numbers, as spectrograms have them, become a norm: squares of 8 bits would leave nothing of what is quiet.
//
//     sqrt(a a + b b)   becomes   ReduceL2 over [a, b], stacked along a new first axis

import { makeAttribute } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { floatValues, makeTensor } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { type Facts, factsOf } from '../facts.js'
import { floatConstant } from '../folding/linear.js'
import { changed, type Pass } from '../pass.js'

export const fuseMagnitude: Pass = {
  title: 'roots of sums of two squares made norms',
  async apply(proto: ModelProto) {
    const { graph } = proto
    const index = indexGraph(graph)
    const found = new Map(graph.node.flatMap((node) => magnitude(node, index) ?? []))
    if (found.size === 0) return { proto, count: 0 }
    const facts = await factsOf(proto)
    const unique = nameSource(graph)
    const axis = makeTensor(unique('first_axis'), DataType.INT64, [1], BigInt64Array.of(0n))
    const gone = new Set<NodeProto>()
    let count = 0
    const node = graph.node.flatMap((root) => {
      const written = found.get(root)
      if (written === undefined || !haveSameDims(written.parts, facts)) return [root]
      count++
      for (const one of written.inner) gone.add(one)
      return norm(root, written.parts, axis.name, opsetOf(proto), unique)
    })
    const initializer: TensorProto[] = [...graph.initializer, axis]
    return changed(proto, { node: node.filter((one) => !gone.has(one)), initializer }, count)
  },
}

interface Magnitude {
  readonly parts: readonly [string, string]
  /** The nodes before the root, which nothing else reads. */
  readonly inner: readonly NodeProto[]
}

function magnitude(root: NodeProto, index: GraphIndex): [NodeProto, Magnitude][] | undefined {
  if (root.opType !== 'Sqrt' || !isStandardDomain(root.domain)) return undefined
  const sum = soleSource(root.input[0]!, index)
  if (sum?.opType !== 'Add') return undefined
  const squares = sum.input.map((name) => soleSource(name, index))
  const [first, second] = squares.map((node) => node && squared(node, index))
  if (first === undefined || second === undefined || squares[0] === squares[1]) return undefined
  return [[root, { parts: [first, second], inner: [sum, ...(squares as NodeProto[])] }]]
}

/** What a node squares. */
function squared({ opType, input }: NodeProto, index: GraphIndex): string | undefined {
  const [x = '', y = ''] = input
  if (opType === 'Mul') return x === y ? x : undefined
  const exponent = opType === 'Pow' ? floatConstant(y, index) : undefined
  return exponent && floatValues(exponent).every((value) => value === 2) ? x : undefined
}

/** The node that writes a tensor which one node reads, and the caller does not. */
function soleSource(name: string, index: GraphIndex): NodeProto | undefined {
  const node = index.producer(name)
  const isInner = index.consumers(name).length === 1 && !index.isGraphOutput(name)
  return isInner && node && isStandardDomain(node.domain) ? node : undefined
}

function haveSameDims(parts: readonly string[], facts: Facts): boolean {
  const [a, b] = parts.map((name) => facts.get(name)?.dims ?? [])
  return (
    a!.length > 0 && a!.every((dim, axis) => typeof dim === 'number' && dim === b![axis]) && a!.length === b!.length
  )
}

function norm(
  root: NodeProto,
  parts: readonly string[],
  axis: string,
  opset: number,
  unique: (wish: string) => string,
): NodeProto[] {
  const along = (since: number) =>
    opset >= since ? { input: [axis], attributes: [] } : { input: [], attributes: [makeAttribute('axes', [0])] }
  const output = root.output[0]!
  const stacked = parts.map((part, i) => {
    const { input, attributes } = along(13)
    return makeNode('Unsqueeze', [part, ...input], [unique(`${output}_part`)], attributes, `${root.name}_part_${i}`)
  })
  const both = unique(`${output}_parts`)
  const { input, attributes } = along(18)
  return [
    ...stacked,
    makeNode(
      'Concat',
      stacked.map((one) => one.output[0]!),
      [both],
      [makeAttribute('axis', 0)],
      `${root.name}_parts`,
    ),
    makeNode('ReduceL2', [both, ...input], [output], [...attributes, makeAttribute('keepdims', 0)], root.name),
  ]
}
