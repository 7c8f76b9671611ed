// ONNX Runtime's GroupQueryAttention, which exports of language models have. Source: onnxruntime/docs/ContribOperators.md, and what the runtime computes.
//
// Keys and values are the last ones of a cache, as many as the lengths leave room for, and new ones behind them. All sequences of a batch are taken
// to be as long as the longest: with a cache, a batch of several may say otherwise, and then the node stays.

import { floatAttribute, intAttribute, makeAttribute, stringAttribute } from '../../attribute.js'
import { tensorData } from '../../tensor.js'
import { DataType, type NodeProto } from '../../types.js'
import { contribLowering, type NodeWriter } from '../lowering.js'
import { attend, causal, lengthOf } from './attend.js'
import { type Heads, headsOf, together } from './heads.js'
import { turnedBy } from './rotary.js'

/** Attributes of forms that are not written out, with the value that says that they are not there. */
const plain: readonly (readonly [string, number])[] = [
  ['smooth_softmax', 0],
  ['qk_output', 0],
  ['sliding_window_cache', 0],
]

export const lowerGroupQueryAttention = contribLowering(
  'GroupQueryAttention nodes written out',
  ['GroupQueryAttention'],
  (writer, node) => {
    const [, , , pastKeys = '', pastValues = '', , total = '', , , , bias = '', ...more] = node.input
    const [, presentKeys = '', presentValues = ''] = node.output
    const sides = sidesOf(writer, node)
    if (sides === undefined || !isPlain(node, more) || hasOwnLengths(writer, node)) return undefined
    const query = rotated(writer, node, sides.query)
    const newKeys = rotated(writer, node, sides.key)
    if (query === undefined || newKeys === undefined) return undefined
    const key = afterPast(writer, pastKeys, newKeys, total)
    const value = afterPast(writer, pastValues, sides.value, total)
    writer.also(presentKeys, present(writer, pastKeys, key))
    writer.also(presentValues, present(writer, pastValues, value))
    const window = intAttribute(node, 'local_window_size', -1)
    const attended = attend(writer, {
      ...{ query, key, value },
      scale: floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(query.size),
      cap: floatAttribute(node, 'softcap', 0),
      biases: bias === '' ? [] : [bias],
      seen: intAttribute(node, 'causal', 1) === 0 ? [] : [causal(writer, query, key, window < 0 ? Infinity : window)],
    })
    return together(writer, attended)
  },
)

function isPlain(node: NodeProto, more: readonly string[]): boolean {
  const isUncoded = ['k_quant_type', 'v_quant_type'].every((name) => stringAttribute(node, name, 'NONE') === 'NONE')
  const isKnown = plain.every(([name, value]) => intAttribute(node, name, value) === value)
  return isUncoded && isKnown && more.every((name) => name === '')
}

/** Whether sequences of the batch may end at different places of a cache. */
function hasOwnLengths(writer: NodeWriter, { input: [x = '', , , past = ''] }: NodeProto): boolean {
  const batch = writer.openDims(x)?.[0]
  return past !== '' && writer.openDims(past)?.[2] !== 0 && typeof batch === 'number' && batch > 1
}

/** Query, keys and values apart; they may come side by side in one tensor. */
function sidesOf(writer: NodeWriter, node: NodeProto): { query: Heads; key: Heads; value: Heads } | undefined {
  const [x = '', k = '', v = ''] = node.input
  const [count, shared] = [intAttribute(node, 'num_heads', 0), intAttribute(node, 'kv_num_heads', 0)]
  const counts = [count, shared, shared]
  const width = writer.openDims(x)?.[2]
  const size = Number(width) / (count + 2 * shared)
  const isPacked = k === '' && v === ''
  if (isPacked && !Number.isInteger(size)) return undefined
  const [query, key, value] = isPacked
    ? counts.map((own, side) => partOf(writer, x, counts.slice(0, side), { count: own, size }))
    : [x, k, v].map((name, side) => headsOf(writer, name, counts[side]!))
  return query && key && value && { query, key, value }
}

/** Heads of a tensor, behind others. */
function partOf(
  writer: NodeWriter,
  x: string,
  before: readonly number[],
  { count, size }: Pick<Heads, 'count' | 'size'>,
): Heads {
  const first = before.reduce((sum, one) => sum + one, 0)
  const all = writer.transpose(writer.reshape(x, [0, 0, -1, size]), [0, 2, 1, 3])
  const places = Array.from({ length: count }, (_, head) => first + head)
  const length = writer.openDims(x)?.[1]
  const name = writer.gather(all, places, [count], 1)
  return { name, count, size, length: typeof length === 'number' ? length : undefined }
}

/** Turned by the angles of their places, where the node does that: the new ones are the last of all. */
function rotated(writer: NodeWriter, node: NodeProto, heads: Heads): Heads | undefined {
  if (intAttribute(node, 'do_rotary', 0) === 0) return heads
  const [, , , past = '', , , total = '', cosines = '', sines = '', positions = ''] = node.input
  const half = writer.openDims(cosines)?.[1]
  if (typeof half !== 'number') return undefined
  const end = () => (past === '' ? lengthOf(writer, heads) : scalar(writer, total))
  const first = () => writer.add('Sub', [end(), lengthOf(writer, heads)])
  const places = positions || writer.add('Range', [first(), end(), writer.integers([1], [])])
  const angles = (table: string) => {
    const found = writer.add('Gather', [table, places], [makeAttribute('axis', 0)])
    return positions === '' ? found : writer.unsqueeze(found, [1])
  }
  const isInterleaved = intAttribute(node, 'rotary_interleaved', 0) === 1
  const name = turnedBy(writer, heads, { cos: angles(cosines), sin: angles(sines) }, { size: 2 * half, isInterleaved })
  return name === undefined ? undefined : { ...heads, name }
}

/** Behind the first keys of a cache, so many that there are `total` in all. */
function afterPast(writer: NodeWriter, past: string, heads: Heads, total: string): Heads {
  const room = writer.openDims(past)?.[2]
  if (past === '' || room === 0) return heads
  const constant = writer.index.initializer(total)
  const count = constant && Number(tensorData(constant)[0])
  const isFull = count !== undefined && heads.length !== undefined && room === count - heads.length
  const kept = isFull
    ? past
    : firstOf(writer, past, writer.add('Sub', [scalar(writer, total), lengthOf(writer, heads)]))
  const name = writer.add('Concat', [kept, heads.name], [makeAttribute('axis', 2)])
  return { ...heads, name, length: count }
}

/** Keys of a cache up to a place, which is a scalar. */
function firstOf(writer: NodeWriter, past: string, end: string): string {
  return writer.add('Slice', [past, writer.integers([0]), writer.reshape(end, [1]), writer.integers([2])])
}

/** The cache for the next step: with zeros behind all keys, where the given one is longer. */
function present(writer: NodeWriter, past: string, { name, length }: Heads): string {
  const room = writer.openDims(past)?.[2]
  if (past === '' || (typeof room === 'number' && length !== undefined && room <= length)) return name
  const reach = writer.add('Max', [lengthOf(writer, { name: past }), lengthOf(writer, { name })])
  const missing = writer.add('Sub', [reach, lengthOf(writer, { name })])
  const pads = [writer.integers([0, 0, 0, 0, 0, 0]), writer.reshape(missing, [1]), writer.integers([0])]
  return writer.add('Pad', [name, writer.add('Concat', pads, [makeAttribute('axis', 0)])])
}

/** Of a tensor with one 32-bit integer. */
function scalar(writer: NodeWriter, name: string): string {
  return writer.reshape(writer.add('Cast', [name], [makeAttribute('to', DataType.INT64)]), [])
}
