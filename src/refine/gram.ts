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
  readonly patches: Patches
  /** At most so many patches are drawn; together with the tensor's size, `seed` says which. */
  readonly most: number
  readonly seed: number
}

/** The Gram matrix of what one operator reads, sample after sample: patches wait until there are enough of them to be worth a multiplication. */
export class GramSum {
  readonly #reading: Reading
  readonly #bits: number
  readonly #blocks: readonly Block[]
  readonly #codes: Float64Array
  readonly #products: Float64Array
  #count = 0
  /** Patches that wait: value k of patch p at [k * capacity + p], group after group. */
  readonly #waiting: Int16Array
  readonly #capacity: number
  #filled = 0

  /** @param memory bytes that patches may wait in; one patch always may */
  constructor(reading: Reading, bits: number, memory: number) {
    const { groups, depth } = reading
    this.#reading = reading
    this.#bits = bits
    this.#blocks = blocksOf(reading)
    this.#codes = new Float64Array(groups * depth)
    this.#products = new Float64Array(groups * productsOf(this.#blocks))
    const fitting = Math.floor(memory / (Int16Array.BYTES_PER_ELEMENT * groups * depth))
    this.#capacity = Math.min(Math.max(fitting, 1), MOST_AT_ONCE)
    this.#waiting = new Int16Array(groups * depth * this.#capacity)
  }

  add({ values, patches, most, seed }: GramRequest): void {
    const positions = drawPositions(patches.count, most, seed)
    for (let from = 0; from < positions.length; ) {
      const some = positions.subarray(from, from + this.#capacity - this.#filled)
      this.#wait(values, patches, some)
      from += some.length
      if (this.#filled === this.#capacity) this.#multiply()
    }
    this.#count += positions.length
  }

  /** Nothing can be added afterwards. */
  result(): Gram {
    this.#multiply()
    return { count: this.#count, codes: this.#codes, products: this.#products }
  }

  #wait(values: Numbers, patches: Patches, positions: Uint32Array): void {
    const located = patches.locate(positions)
    const { groups, depth } = this.#reading
    for (let group = 0; group < groups; group++) {
      const from = group * depth * this.#capacity
      patches.gather(values, group, located, this.#waiting.subarray(from + this.#filled), this.#capacity)
    }
    this.#filled += positions.length
  }

  #multiply(): void {
    if (this.#filled === 0) return
    const { groups, depth } = this.#reading
    const perGroup = productsOf(this.#blocks)
    const multiplied = this.#bits <= 8 ? multiplyBytes : multiply
    for (let group = 0; group < groups; group++) {
      const from = group * depth * this.#capacity
      const rows = { values: this.#waiting.subarray(from), depth, stride: this.#capacity, width: this.#filled }
      const codes = this.#codes.subarray(group * depth, (group + 1) * depth)
      addRows(rows, codes)
      multiplied(rows, this.#blocks, this.#products.subarray(group * perGroup, (group + 1) * perGroup))
    }
    this.#filled = 0
  }
}

/** Value k of patch p at [k * stride + p], of `width` patches. */
interface Rows {
  readonly values: Int16Array
  readonly depth: number
  readonly stride: number
  readonly width: number
}

/** In WebAssembly: rows of 16-bit integers, each padded with zeros to whole vectors, and zero rows to a multiple of four. */
function multiplyBytes({ values, depth, stride, width }: Rows, blocks: readonly Block[], into: Float64Array): void {
  const aligned = 8 * Math.ceil(width / 8)
  const rows = 4 * Math.ceil(depth / 4)
  const most = 4 * Math.ceil(Math.max(...blocks.map(({ size }) => size)) / 4)
  const { gram, heap, buffer } = gramModule(2 * rows * aligned + 4 * most * most + 64)
  const padded = new Int16Array(buffer, heap, rows * aligned).fill(0)
  for (let k = 0; k < depth; k++) padded.set(values.subarray(k * stride, k * stride + width), k * aligned)
  const to = heap + 2 * rows * aligned
  for (const { from, size, at } of blocks) {
    const whole = 4 * Math.ceil(size / 4)
    gram(heap + 2 * from * aligned, whole, 2 * aligned, to)
    const sums = new Int32Array(buffer, to, whole * whole)
    for (let k = 0; k < size; k++) {
      for (let j = 0; j <= k; j++) into[at + k * size + j]! += sums[k * whole + j]!
    }
  }
}

/** In doubles, for wide codes. */
function multiply({ values, stride, width }: Rows, blocks: readonly Block[], into: Float64Array): void {
  for (const { from, size, at } of blocks) {
    for (let k = 0; k < size; k++) {
      const row = (from + k) * stride
      for (let j = 0; j <= k; j++) {
        const other = (from + j) * stride
        let sum = 0
        for (let p = 0; p < width; p++) sum += values[row + p]! * values[other + p]!
        into[at + k * size + j]! += sum
      }
    }
  }
}

function addRows({ values, depth, stride, width }: Rows, sums: Float64Array): void {
  for (let k = 0; k < depth; k++) {
    let sum = 0
    for (let p = 0; p < width; p++) sum += values[k * stride + p]!
    sums[k]! += sum
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
