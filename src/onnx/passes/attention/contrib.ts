// ONNX Runtime's Attention and MultiHeadAttention, which its optimizer writes for transformers. Source: onnxruntime/docs/ContribOperators.md.

import { floatAttribute, intAttribute, intsAttribute, makeAttribute } from '../../attribute.js'
import { floatValues, tensorDims } from '../../tensor.js'
import { DataType, type NodeProto } from '../../types.js'
import { contribLowering, type NodeWriter } from '../lowering.js'
import { among, attend, causal } from './attend.js'
import { apart, appended, type Heads, headsOf, together } from './heads.js'

/** Forms that keep their keys in a buffer of the runtime's, or rotate inside. */
const inside = ['do_rotary', 'past_present_share_buffer'] as const

/** One input for query, key and value: their weights lie side by side. */
export const lowerContribAttention = contribLowering(
  "ONNX Runtime's Attention nodes written out",
  ['Attention'],
  (writer, node) => {
    const [x = '', weights = '', bias = '', mask = '', past = '', relative = ''] = node.input
    const [, present = ''] = node.output
    const count = intAttribute(node, 'num_heads', 1)
    const [, length] = writer.openDims(x) ?? []
    const projected = projections(writer, node, x, weights, bias)
    if (projected === undefined || inside.some((name) => intAttribute(node, name, 0) !== 0)) return undefined
    if (projected.some(({ width }) => width % count !== 0)) return undefined
    const [query, newKeys, newValues] = projected.map(({ name, width }): Heads => {
      const known = typeof length === 'number' ? length : undefined
      return { name: apart(writer, name, count), count, length: known, size: width / count }
    }) as [Heads, Heads, Heads]
    const ofPast = (index: number) => (past === '' ? '' : writer.gather(past, [index], [], 0))
    const beyond = past === '' ? undefined : writer.openDims(past)?.[3]
    const behind = (heads: Heads, index: number): Heads => {
      const whole = appended(writer, ofPast(index), heads)
      if (past === '' || heads.length === undefined || typeof beyond !== 'number') return whole
      return { ...whole, length: beyond + heads.length }
    }
    const [key, value] = [behind(newKeys, 0), behind(newValues, 1)]
    const seen = seenBy(writer, node, mask, x, query, key)
    if (seen === undefined) return undefined
    if (writer.isUsed(present)) {
      const both = [key, value].map(({ name }) => writer.unsqueeze(name, [0]))
      writer.also(present, writer.add('Concat', both, [makeAttribute('axis', 0)]))
    }
    const biases = relative === '' ? [] : [relative]
    return together(writer, attend(writer, { query, key, value, scale: scaleOf(node, query), cap: 0, biases, seen }))
  },
)

interface Projection {
  readonly name: string
  readonly width: number
}

/** x times the weights of each, a product of its own; undefined where these are computed. */
function projections(
  writer: NodeWriter,
  node: NodeProto,
  x: string,
  weights: string,
  bias: string,
): readonly Projection[] | undefined {
  const tensor = writer.index.initializer(weights)
  const added = bias === '' ? undefined : writer.index.initializer(bias)
  if (tensor === undefined || (bias !== '' && added === undefined)) return undefined
  const [depth, width] = tensorDims(tensor) as [number, number]
  const widths = intsAttribute(node, 'qkv_hidden_sizes', undefined) ?? [width / 3, width / 3, width / 3]
  if (widths.length !== 3 || widths.reduce((sum, one) => sum + one) !== width) return undefined
  const [values, offsets] = [floatValues(tensor), added && floatValues(added)]
  return widths.map((own, part) => {
    const first = widths.slice(0, part).reduce((sum, one) => sum + one, 0)
    const columns = Float32Array.from(
      { length: depth * own },
      (_, at) => values[Math.floor(at / own) * width + first + (at % own)]!,
    )
    const product = writer.add('MatMul', [x, writer.floats([depth, own], columns)])
    if (offsets === undefined) return { name: product, width: own }
    const constant = writer.floats([own], offsets.slice(first, first + own))
    return { name: writer.add('Add', [product, constant]), width: own }
  })
}

/** Query, keys and values each of its own, with heads side by side or, of a cache of another model's states, along an axis. */
export const lowerMultiHeadAttention = contribLowering(
  'MultiHeadAttention nodes written out',
  ['MultiHeadAttention'],
  (writer, node) => {
    const [query = '', keys = '', values = '', bias = '', mask = '', relative = '', pastKeys = '', pastValues = ''] =
      node.input
    const [, presentKeys = '', presentValues = '', scores = ''] = node.output
    const more = node.input.slice(8)
    if (keys === '' || values === '' || more.some((name) => name !== '') || writer.isUsed(scores)) return undefined
    const given = [query, keys, values]
    const sides = bias === '' ? given : withBias(writer, given, bias)
    const count = intAttribute(node, 'num_heads', 1)
    const [q, newKeys, newValues] = given.map((name, i) => {
      const heads = headsOf(writer, name, count)
      return heads && sides && bias !== '' ? { ...heads, name: apart(writer, sides[i]!, count) } : heads
    })
    if (!sides || !q || !newKeys || !newValues) return undefined
    const [key, value] = [appended(writer, pastKeys, newKeys), appended(writer, pastValues, newValues)]
    const seen = seenBy(writer, node, mask, query, q, key)
    if (seen === undefined) return undefined
    writer.also(presentKeys, key.name)
    writer.also(presentValues, value.name)
    const biases = relative === '' ? [] : [relative]
    return together(writer, attend(writer, { query: q, key, value, scale: scaleOf(node, q), cap: 0, biases, seen }))
  },
)

/** Of [batch, length, width]; undefined for tensors that have heads already, and for a computed bias. */
function withBias(writer: NodeWriter, sides: readonly string[], bias: string): readonly string[] | undefined {
  const tensor = writer.index.initializer(bias)
  const widths = sides.map((name) => (writer.openDims(name)?.length === 3 ? writer.openDims(name)![2] : undefined))
  if (tensor === undefined || !widths.every((width) => typeof width === 'number')) return undefined
  const values = floatValues(tensor)
  return sides.map((name, i) => {
    const first = widths.slice(0, i).reduce((sum, width) => sum + width, 0)
    const own = writer.floats([widths[i]!], values.slice(first, first + widths[i]!))
    return writer.add('Add', [name, own])
  })
}

const scaleOf = (node: NodeProto, { size }: Heads) => floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(size)

/**
 * Where the mask and the order let a query look; undefined for masks that are not known.
 * @param x has the batch first
 */
function seenBy(
  writer: NodeWriter,
  node: NodeProto,
  mask: string,
  x: string,
  query: Heads,
  key: Heads,
): readonly string[] | undefined {
  const ordered = intAttribute(node, 'unidirectional', 0) === 1 ? [causal(writer, query, key)] : []
  if (mask === '') return ordered
  const dims = writer.openDims(mask)
  const isKept = () => writer.add('Cast', [mask], [makeAttribute('to', DataType.BOOL)])
  switch (dims?.length) {
    case 1:
      // Of other lengths, it has beginnings as well.
      return dims[0] === writer.openDims(x)?.[0] ? [...ordered, among(writer, mask, key)] : undefined
    case 2:
      return [...ordered, writer.unsqueeze(isKept(), [1, 2])]
    case 3:
      return [...ordered, writer.unsqueeze(isKept(), [1])]
    default:
      return undefined
  }
}
