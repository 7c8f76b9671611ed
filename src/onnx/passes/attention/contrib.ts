// ONNX Runtime's Attention and MultiHeadAttention, which its optimizer writes for transformers. Source: onnxruntime/docs/ContribOperators.md.

import { floatAttribute, intAttribute, intsAttribute, makeAttribute } from '../../attribute.js'
import { floatValues, tensorDims } from '../../tensor.js'
import { DataType, type NodeProto } from '../../types.js'
import { contribLowering, type NodeWriter } from '../lowering.js'
import { among, attend, causal } from './attend.js'
import { apart, appended, type Heads, headsOf, together } from './heads.js'

/** Forms that keep their keys in a buffer of the runtime's, or rotate inside. */
const inside = ['do_rotary', 'past_present_share_buffer'] as const

interface Sides {
  readonly query: Heads
  readonly key: Heads
  readonly value: Heads
}

/** One input for query, key and value: their weights lie side by side. */
export const lowerContribAttention = contribLowering(
  "ONNX Runtime's Attention nodes written out",
  ['Attention'],
  (writer, node) => {
    const [x = '', , , mask = '', past = '', bias = '', ...more] = node.input
    const [query, keys, values] = projections(writer, node) ?? []
    const isSpecial = more.some((name) => name !== '') || inside.some((name) => intAttribute(node, name, 0) !== 0)
    if (query === undefined || keys === undefined || values === undefined || isSpecial) return undefined
    const ofPast = (index: number) => (past === '' ? '' : writer.gather(past, [index], [], 0))
    const before = writer.openDims(past)?.[3]
    const [key, value] = [keys, values].map((heads, i) => appended(writer, ofPast(i), heads, before)) as [Heads, Heads]
    const result = attended(writer, node, { query, key, value }, { x, mask, bias })
    const [, present = ''] = node.output
    if (writer.isUsed(present)) {
      const both = [key, value].map(({ name }) => writer.unsqueeze(name, [0]))
      writer.also(present, writer.add('Concat', both, [makeAttribute('axis', 0)]))
    }
    return result
  },
)

/** x times the weights of each, a product of its own; undefined where these are computed. */
function projections(writer: NodeWriter, node: NodeProto): readonly Heads[] | undefined {
  const [x = '', weights = '', bias = ''] = node.input
  const tensor = writer.index.initializer(weights)
  const added = writer.index.initializer(bias)
  const count = intAttribute(node, 'num_heads', 1)
  if (tensor === undefined || (bias !== '' && added === undefined)) return undefined
  const [depth, width] = tensorDims(tensor) as [number, number]
  const widths = intsAttribute(node, 'qkv_hidden_sizes', undefined) ?? [width / 3, width / 3, width / 3]
  if (!widths.every((own) => Number.isInteger(own / count))) return undefined
  const [values, offsets] = [floatValues(tensor), added && floatValues(added)]
  const [, length] = writer.openDims(x) ?? []
  return widths.map((own, part) => {
    const first = widths.slice(0, part).reduce((sum, one) => sum + one, 0)
    const columns = Float32Array.from({ length: depth * own }, (_, at) => {
      return values[Math.floor(at / own) * width + first + (at % own)]!
    })
    const product = writer.add('MatMul', [x, writer.floats([depth, own], columns)])
    const constant = offsets && writer.floats([own], offsets.slice(first, first + own))
    const name = apart(writer, constant === undefined ? product : writer.add('Add', [product, constant]), count)
    return { name, count, length: typeof length === 'number' ? length : undefined, size: own / count }
  })
}

/** Query, keys and values each of its own, with heads side by side or, of a cache of another model's states, along an axis. */
export const lowerMultiHeadAttention = contribLowering(
  'MultiHeadAttention nodes written out',
  ['MultiHeadAttention'],
  (writer, node) => {
    const [x = '', k = '', v = '', offsets = '', mask = '', bias = '', pastKeys = '', pastValues = '', ...more] =
      node.input
    const [, presentKeys = '', presentValues = '', scores = ''] = node.output
    if (k === '' || v === '' || more.some((name) => name !== '') || writer.isUsed(scores)) return undefined
    const given = [x, k, v]
    const sides = offsets === '' ? given : withBias(writer, given, offsets)
    const count = intAttribute(node, 'num_heads', 1)
    const [query, keys, values] = sides?.map((name, i) => headsOf(writer, given[i]!, count, name)) ?? []
    if (query === undefined || keys === undefined || values === undefined) return undefined
    const [key, value] = [appended(writer, pastKeys, keys), appended(writer, pastValues, values)]
    writer.also(presentKeys, key.name)
    writer.also(presentValues, value.name)
    return attended(writer, node, { query, key, value }, { x, mask, bias })
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

interface Looks {
  /** It has the batch first. */
  readonly x: string
  readonly mask: string
  /** What is added to the scores. */
  readonly bias: string
}

/** [batch, length, width]; undefined for masks that are not known. */
function attended(writer: NodeWriter, node: NodeProto, sides: Sides, { x, mask, bias }: Looks): string | undefined {
  const seen = seenBy(writer, node, mask, x, sides)
  if (seen === undefined) return undefined
  const biases = bias === '' ? [] : [bias]
  return together(writer, attend(writer, { ...sides, scale: scaleOf(node, sides.query), cap: 0, biases, seen }))
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
  { query, key }: Sides,
): readonly string[] | undefined {
  const ordered = intAttribute(node, 'unidirectional', 0) === 1 ? [causal(writer, query, key)] : []
  if (mask === '') return ordered
  const dims = writer.openDims(mask)
  const kept = () => writer.add('Cast', [mask], [makeAttribute('to', DataType.BOOL)])
  switch (dims?.length) {
    case 1:
      // Of other lengths, it has beginnings as well.
      return dims[0] === writer.openDims(x)?.[0] ? [...ordered, among(writer, mask, key)] : undefined
    case 2:
      return [...ordered, writer.unsqueeze(kept(), [1, 2])]
    case 3:
      return [...ordered, writer.unsqueeze(kept(), [1])]
    default:
      return undefined
  }
}
