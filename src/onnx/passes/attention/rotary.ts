// Rotary embeddings, of ONNX and of ONNX Runtime: pairs (a, b) of each head become (cos a - sin b, sin a + cos b). A pair is two neighbours where
// they are interleaved, else the same place of both halves; values behind the rotated ones stay.

import { floatAttribute, intAttribute, makeAttribute } from '../../attribute.js'
import type { NodeProto } from '../../types.js'
import { contribLowering, lowering, type NodeWriter } from '../lowering.js'
import { placesUpTo } from './attend.js'
import { type Heads, headsOf, together } from './heads.js'

export const lowerRotaryEmbedding = lowering(
  'RotaryEmbedding nodes written out',
  ['RotaryEmbedding'],
  (writer, node) => {
    const [input, cosines, sines, positions = ''] = node.input as [string, string, string, string?]
    const x = headsOf(writer, input, intAttribute(node, 'num_heads', 0))
    const angles = (name: string) => {
      const found = positions === '' ? name : writer.add('Gather', [name, positions], [makeAttribute('axis', 0)])
      return writer.unsqueeze(found, [1])
    }
    return x && rotated(writer, node, x, { cos: angles(cosines), sin: angles(sines) })
  },
)

/** Positions are one for each value of a sequence, or that of the first. */
export const lowerContribRotaryEmbedding = contribLowering(
  "ONNX Runtime's RotaryEmbedding nodes written out",
  ['RotaryEmbedding'],
  (writer, node) => {
    const [input, positions, cosines, sines] = node.input as [string, string, string, string]
    const width = writer.openDims(input)?.[2]
    const half = writer.openDims(cosines)?.[1]
    const count = intAttribute(node, 'num_heads', 0) || Number(width) / (2 * Number(half))
    const x = headsOf(writer, input, count)
    const rank = writer.openDims(positions)?.length
    const isPlain =
      floatAttribute(node, 'scale', 1) === 1 &&
      intAttribute(node, 'is_packed_batching', 0) === 0 &&
      (rank === 1 || rank === 2)
    if (x === undefined || !isPlain) return undefined
    const places = rank === 1 ? placesFrom(writer, x, positions) : positions
    const angles = (name: string) => {
      const found = writer.add('Gather', [name, places], [makeAttribute('axis', 0)])
      return rank === 1 ? found : writer.unsqueeze(found, [1])
    }
    return rotated(writer, node, x, { cos: angles(cosines), sin: angles(sines) })
  },
)

function placesFrom(writer: NodeWriter, x: Heads, first: string): string {
  const length =
    x.length === undefined ? writer.gather(writer.add('Shape', [x.name]), [2], [], 0) : writer.integers([x.length], [])
  return writer.add('Add', [placesUpTo(writer, length), first])
}

/** Cosines and sines that broadcast with [batch, heads, length, pairs]. */
export interface Angles {
  readonly cos: string
  readonly sin: string
}

function rotated(writer: NodeWriter, node: NodeProto, x: Heads, angles: Angles): string | undefined {
  const size = intAttribute(node, 'rotary_embedding_dim', 0) || x.size
  const turned = turnedBy(writer, x, angles, { size, isInterleaved: intAttribute(node, 'interleaved', 0) === 1 })
  if (turned === undefined) return undefined
  return writer.openDims(node.input[0]!)?.length === 4 ? turned : together(writer, turned)
}

/**
 * The heads with their first `size` values turned, [batch, heads, length, size of a head]; undefined where no pairs are made of these.
 */
export function turnedBy(
  writer: NodeWriter,
  x: Heads,
  { cos, sin }: Angles,
  { size, isInterleaved }: { readonly size: number; readonly isInterleaved: boolean },
): string | undefined {
  if (size % 2 === 1 || size > x.size) return undefined
  const half = size / 2
  const pairs = Array.from({ length: half }, (_, at) => at)
  const part = (places: readonly number[]) => writer.gather(x.name, places, [places.length], 3)
  const [first, second] = isInterleaved
    ? [pairs.map((at) => 2 * at), pairs.map((at) => 2 * at + 1)]
    : [pairs, pairs.map((at) => at + half)]
  const [a, b] = [part(first), part(second)]
  const times = (value: string, by: string) => writer.add('Mul', [value, by])
  const real = writer.add('Sub', [times(a, cos), times(b, sin)])
  const imaginary = writer.add('Add', [times(a, sin), times(b, cos)])
  const rest = Array.from({ length: x.size - size }, (_, at) => size + at)
  const parts = [real, imaginary, ...(rest.length === 0 ? [] : [part(rest)])]
  const joined = writer.add('Concat', parts, [makeAttribute('axis', 3)])
  return isInterleaved
    ? writer.gather(joined, [...pairs.flatMap((at) => [at, at + half]), ...rest], [x.size], 3)
    : joined
}
