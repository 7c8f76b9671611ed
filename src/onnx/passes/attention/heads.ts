// Tensors of attention heads, [batch, heads, length, size]. Batch and lengths may be open; how many heads there are, and their size, may not.

import { makeAttribute } from '../../attribute.js'
import type { NodeWriter } from '../lowering.js'

export interface Heads {
  readonly name: string
  readonly count: number
  /** Undefined where it is open. */
  readonly length: number | undefined
  readonly size: number
}

/**
 * Of [batch, heads, length, size], or of [batch, length, count * size]; undefined for other tensors.
 * @param x what has the tensor's dims and takes its place
 */
export function headsOf(writer: NodeWriter, name: string, count: number, x = name): Heads | undefined {
  const dims = writer.openDims(name) ?? []
  const [heads, length, size] =
    dims.length === 4 ? dims.slice(1) : dims.length === 3 ? [count, dims[1], sizeOf(dims[2], count)] : []
  if (typeof heads !== 'number' || typeof size !== 'number' || heads < 1 || !Number.isInteger(size)) return undefined
  const known = typeof length === 'number' ? length : undefined
  return { name: dims.length === 4 ? x : apart(writer, x, count), count: heads, length: known, size }
}

const sizeOf = (width: number | string | undefined, count: number) =>
  typeof width === 'number' && count > 0 ? width / count : undefined

/** [batch, length, count * size] -> [batch, count, length, size] */
export function apart(writer: NodeWriter, x: string, count: number): string {
  return writer.transpose(writer.reshape(x, [0, 0, count, -1]), [0, 2, 1, 3])
}

/** [batch, heads, length, size] -> [batch, length, heads * size] */
export function together(writer: NodeWriter, x: string): string {
  return writer.reshape(writer.transpose(x, [0, 2, 1, 3]), [0, 0, -1])
}

/**
 * Behind what a cache holds of earlier steps, where there is one.
 * @param before how long the cache is
 */
export function appended(
  writer: NodeWriter,
  past: string,
  heads: Heads,
  before: number | string | undefined = writer.openDims(past)?.[2],
): Heads {
  if (past === '') return heads
  const name = writer.add('Concat', [past, heads.name], [makeAttribute('axis', 2)])
  const length = heads.length === undefined || typeof before !== 'number' ? undefined : before + heads.length
  return { ...heads, name, length }
}

/** Each head as often as heads of the query share it. */
export function repeated(writer: NodeWriter, { name, count }: Heads, times: number): string {
  if (times === 1) return name
  const places = Array.from({ length: count * times }, (_, head) => Math.floor(head / times))
  return writer.gather(name, places, [places.length], 1)
}
