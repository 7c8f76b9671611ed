// The Gram matrix of an operator's input codes, over patches at positions that a hash draws. All sums are whole numbers: exact in any order.

import { type Block, blocksOf, productsOf } from './blocks.js'
import type { Numbers, Patches, Reading } from './reading.js'
import type { Gram } from './statistics.js'
import { gramModule } from './wasm.js'

/** Patches at once: a sum of so many products of bytes fits 32 bits. */
const MOST_AT_ONCE = 2 ** 14

export interface GramRequest {
  /** The operator's input: codes of `bits` bits. */
  readonly values: Numbers
  readonly bits: number
  readonly patches: Patches
  readonly reading: Reading
  /** At most so many patches are drawn; together with the tensor's size, `seed` says which. */
  readonly most: number
  readonly seed: number
}

export function gramOf({ values, bits, patches, reading, most, seed }: GramRequest): Gram {
  const { groups, depth } = reading
  const positions = drawPositions(patches.count, Math.min(most, MOST_AT_ONCE), seed)
  const located = patches.locate(positions)
  const blocks = blocksOf(reading)
  const perGroup = productsOf(blocks)
  const codes = new Float64Array(groups * depth)
  const products = new Float64Array(groups * perGroup)
  for (let group = 0; group < groups; group++) {
    const into = {
      codes: codes.subarray(group * depth, (group + 1) * depth),
      products: products.subarray(group * perGroup, (group + 1) * perGroup),
    }
    const gather = (rows: Int16Array | Float64Array, stride: number) =>
      patches.gather(values, group, located, rows, stride)
    if (bits <= 8) multiplyBytes(gather, depth, positions.length, blocks, into)
    else multiply(gather, depth, positions.length, blocks, into)
  }
  return { count: positions.length, codes, products }
}

type Gather = (rows: Int16Array | Float64Array, stride: number) => void
type Sums = Pick<Gram, 'codes' | 'products'>

/** In WebAssembly: rows of 16-bit integers, each padded with zeros to whole vectors, and zero rows to a multiple of four. */
function multiplyBytes(gather: Gather, depth: number, width: number, blocks: readonly Block[], into: Sums): void {
  const stride = 8 * Math.ceil(width / 8)
  const rows = 4 * Math.ceil(depth / 4)
  const most = 4 * Math.ceil(Math.max(...blocks.map(({ size }) => size)) / 4)
  const { gram, heap, buffer } = gramModule(2 * rows * stride + 4 * most * most + 64)
  const values = new Int16Array(buffer, heap, rows * stride).fill(0)
  gather(values, stride)
  sumRows(values, depth, stride, width, into.codes)
  const to = heap + 2 * rows * stride
  for (const { from, size, at } of blocks) {
    const padded = 4 * Math.ceil(size / 4)
    gram(heap + 2 * from * stride, padded, 2 * stride, to)
    const sums = new Int32Array(buffer, to, padded * padded)
    for (let k = 0; k < size; k++) {
      for (let j = 0; j <= k; j++) into.products[at + k * size + j] = sums[k * padded + j]!
    }
  }
}

/** In doubles, for wide codes. */
function multiply(gather: Gather, depth: number, width: number, blocks: readonly Block[], into: Sums): void {
  const values = new Float64Array(depth * width)
  gather(values, width)
  sumRows(values, depth, width, width, into.codes)
  for (const { from, size, at } of blocks) {
    for (let k = 0; k < size; k++) {
      const row = (from + k) * width
      for (let j = 0; j <= k; j++) {
        const other = (from + j) * width
        let sum = 0
        for (let p = 0; p < width; p++) sum += values[row + p]! * values[other + p]!
        into.products[at + k * size + j] = sum
      }
    }
  }
}

function sumRows(values: ArrayLike<number>, depth: number, stride: number, width: number, sums: Float64Array): void {
  for (let k = 0; k < depth; k++) {
    let sum = 0
    for (let p = 0; p < width; p++) sum += values[k * stride + p]!
    sums[k] = sum
  }
}

/** At most `most` positions, ascending: one from each of as many stretches of equal length. */
export function drawPositions(count: number, most: number, seed: number): Uint32Array {
  if (count <= most) return Uint32Array.from({ length: count }, (_, i) => i)
  let state = seed
  return Uint32Array.from({ length: most }, (_, i) => {
    state = mixed(state + i + 1)
    const from = Math.floor((i * count) / most)
    const to = Math.floor(((i + 1) * count) / most)
    return from + Math.floor((state / 2 ** 32) * (to - from))
  })
}

/** A 32-bit hash of a 32-bit integer: the finalizer of MurmurHash3. */
export function mixed(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
