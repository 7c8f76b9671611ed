// Attention and RotaryEmbedding of opset 23 written out:
//
//     Softmax(scale Q K' + mask) V        heads along an axis of their own; several heads of Q to one of K and V are an axis more

import { floatAttribute, intAttribute, makeAttribute } from '../../attribute.js'
import type { NodeProto } from '../../types.js'
import { lowering, type NodeWriter } from '../lowering.js'

/** Before a Softmax it leaves nothing of a score. */
const MASKED = -1e9

/** [batch, heads, length, size of a head] */
interface Heads {
  readonly name: string
  readonly dims: readonly [number, number, number, number]
}

export const lowerAttention = lowering('Attention nodes written out', ['Attention'], (writer, node) => {
  const [query, key, value, mask = '', ...past] = node.input as [string, string, string, ...string[]]
  if (past.some((name) => name !== '') || node.output.slice(1).some((name) => name !== '')) return undefined
  const heads = intAttribute(node, 'q_num_heads', 0)
  const others = intAttribute(node, 'kv_num_heads', 0)
  const q = headsOf(writer, query, heads)
  const k = headsOf(writer, key, others)
  const v = headsOf(writer, value, others)
  if (q === undefined || k === undefined || v === undefined) return undefined
  const scores = masked(writer, node, scoresOf(writer, node, q, k), mask, [q.dims[2], k.dims[2]])
  const weights = writer.add('Softmax', [scores], [makeAttribute('axis', -1)])
  const [batch, count, length] = q.dims
  const size = v.dims[3]
  const grouped = writer.add('MatMul', [
    shared(writer, { name: weights, dims: [batch, count, length, k.dims[2]] }, v.dims[1]),
    apart(writer, v, count),
  ])
  const result = count === v.dims[1] ? grouped : writer.reshape(grouped, [batch, count, length, size])
  if (heads === 0) return result
  return writer.reshape(writer.transpose(result, [0, 2, 1, 3]), [batch, length, count * size])
})

/** Of [batch, heads, length, size], or of [batch, length, heads * size]. */
function headsOf(writer: NodeWriter, name: string, heads: number): Heads | undefined {
  const dims = writer.dims(name)
  if (dims?.length === 4) return { name, dims: dims as unknown as Heads['dims'] }
  if (dims?.length !== 3 || heads === 0) return undefined
  const [batch, length, width] = dims as [number, number, number]
  const split = writer.reshape(name, [batch, length, heads, width / heads])
  return { name: writer.transpose(split, [0, 2, 1, 3]), dims: [batch, heads, length, width / heads] }
}

/** Heads that share one of K and V, along an axis of their own. */
function shared(writer: NodeWriter, { name, dims: [batch, heads, length, size] }: Heads, groups: number): string {
  return heads === groups ? name : writer.reshape(name, [batch, groups, heads / groups, length, size])
}

/** K or V with that axis. */
function apart(writer: NodeWriter, { name, dims: [batch, heads, length, size] }: Heads, count: number): string {
  return heads === count ? name : writer.reshape(name, [batch, heads, 1, length, size])
}

function scoresOf(writer: NodeWriter, node: NodeProto, q: Heads, k: Heads): string {
  const [batch, heads, length, size] = q.dims
  const columns = writer.transpose(k.name, [0, 1, 3, 2])
  const turned: Heads = { name: columns, dims: [k.dims[0], k.dims[1], size, k.dims[2]] }
  const products = writer.add('MatMul', [shared(writer, q, k.dims[1]), apart(writer, turned, heads)])
  const scale = floatAttribute(node, 'scale', 1 / Math.sqrt(size))
  const scaled = writer.add('Mul', [products, scalar(writer, scale)])
  const scores = heads === k.dims[1] ? scaled : writer.reshape(scaled, [batch, heads, length, k.dims[2]])
  const cap = floatAttribute(node, 'softcap', 0)
  if (cap === 0) return scores
  const inside = writer.add('Tanh', [writer.add('Div', [scores, scalar(writer, cap)])])
  return writer.add('Mul', [inside, scalar(writer, cap)])
}

function masked(
  writer: NodeWriter,
  node: NodeProto,
  scores: string,
  mask: string,
  [rows, columns]: readonly [number, number],
): string {
  const choose = (condition: string, from: string) => writer.add('Where', [condition, from, scalar(writer, MASKED)])
  let result = scores
  if (intAttribute(node, 'is_causal', 0) === 1) {
    const seen = Array.from({ length: rows * columns }, (_, at) => at % columns <= Math.floor(at / columns))
    result = choose(writer.booleans([rows, columns], seen), result)
  }
  if (mask === '') return result
  return writer.isFloat(mask) ? writer.add('Add', [result, mask]) : choose(mask, result)
}

function scalar(writer: NodeWriter, value: number): string {
  return writer.floats([], Float32Array.of(value))
}

/** Halves a and b of each head become cos a - sin b and sin a + cos b. */
export const lowerRotaryEmbedding = lowering(
  'RotaryEmbedding nodes written out',
  ['RotaryEmbedding'],
  (writer, node) => {
    const [input, cosines, sines, positions = ''] = node.input as [string, string, string, string?]
    const heads = intAttribute(node, 'num_heads', 0)
    const dims = writer.dims(input)
    const cache = writer.dims(cosines)
    const isPlain = intAttribute(node, 'interleaved', 0) === 0 && intAttribute(node, 'rotary_embedding_dim', 0) === 0
    if (!isPlain || dims === undefined || cache === undefined) return undefined
    const x = headsOf(writer, input, heads)
    if (x === undefined || x.dims[3] % 2 === 1) return undefined
    const [batch, count, length, size] = x.dims
    const half = size / 2
    const angles = (name: string) => {
      const found = positions === '' ? name : writer.add('Gather', [name, positions], [makeAttribute('axis', 0)])
      return writer.reshape(found, [batch, 1, length, half])
    }
    const [cos, sin] = [angles(cosines), angles(sines)]
    const places = Array.from({ length: half }, (_, at) => at)
    const a = writer.gather(x.name, places, [half], 3)
    const b = writer.gather(
      x.name,
      places.map((at) => at + half),
      [half],
      3,
    )
    const times = (part: string, by: string) => writer.add('Mul', [part, by])
    const real = writer.add('Sub', [times(a, cos), times(b, sin)])
    const imaginary = writer.add('Add', [times(a, sin), times(b, cos)])
    const turned = writer.add('Concat', [real, imaginary], [makeAttribute('axis', 3)])
    if (dims.length === 4) return turned
    return writer.reshape(writer.transpose(turned, [0, 2, 1, 3]), [batch, length, count * size])
  },
)
