// One slot of the kernel's memory (the layout is drawn in assembly/slot.ts): the statistics of one tensor, as JavaScript sees them.
// Here is what happens rarely: clearing, widening, reading, and counting what the vector loops cannot take. Whatever touches the counts has
// the kernel release them first.

import { exponentOf } from './histogram.js'
import { BINS_LOG2, BINS_PER_SIGN, EMPTY_EXPONENT, type Histogram, NUM_BINS } from './types.js'
import type { WasmExports } from './wasm.js'

/** From this exponent on, 2^(b-k) is a finite float32. Below it every magnitude is under 10^-34, and values are counted one by one. */
export const LEAST_VECTOR_EXPONENT = BINS_LOG2 - 127

export class Slot {
  /** Where it starts, in bytes. */
  readonly address: number
  readonly #at: WasmExports
  readonly #bytes: Uint8Array
  readonly #header: DataView
  /** Indexed by signed bin modulo NUM_BINS; bin 0 is not counted. */
  readonly #counts: Uint32Array

  constructor(exports: WasmExports, buffer: ArrayBuffer, address: number) {
    this.address = address
    this.#at = exports
    this.#bytes = new Uint8Array(buffer, address, exports.SLOT_BYTES.value)
    this.#header = new DataView(buffer, address, exports.SLOT_BYTES.value)
    this.#counts = new Uint32Array(buffer, address, NUM_BINS)
    this.clear()
  }

  get count(): number {
    return this.#header.getFloat64(this.#at.COUNT.value, true)
  }

  get exponent(): number {
    return this.#header.getInt32(this.#at.EXPONENT.value, true)
  }

  clear(): void {
    this.#at.release()
    this.#bytes.fill(0)
    this.#header.setFloat32(this.#at.MIN.value, Infinity, true)
    this.#header.setFloat32(this.#at.MAX.value, -Infinity, true)
    this.#setExponent(EMPTY_EXPONENT)
  }

  /** Everything in it, for `restore`. */
  save(): Uint8Array {
    this.#at.release()
    return this.#bytes.slice()
  }

  restore(saved: Uint8Array): void {
    this.#at.release()
    this.#bytes.set(saved)
  }

  /** Makes room for magnitudes below 2^exponent: counts of neighbouring bins are added, as often as it takes. */
  widen(exponent: number): void {
    const shift = Math.min(exponent - this.exponent, BINS_LOG2)
    if (shift <= 0) return
    this.#at.release()
    const counts = this.#counts
    // While it has seen nothing but zeros, no bin has a count.
    const last = this.exponent === EMPTY_EXPONENT ? 0 : BINS_PER_SIGN - 1
    for (let bin = 1; bin <= last; bin++) {
      const positive = counts[bin]!
      const negative = counts[NUM_BINS - bin]!
      counts[bin] = 0
      counts[NUM_BINS - bin] = 0
      const wider = bin >> shift
      if (wider === 0) continue
      counts[wider]! += positive
      counts[NUM_BINS - wider]! += negative
    }
    this.#setExponent(exponent)
  }

  /** Counts values, all finite, one by one. */
  observe(values: Float32Array): void {
    let { min, max, zeros, negatives } = this.#range()
    for (const x of values) {
      min = Math.min(min, x)
      max = Math.max(max, x)
      if (x === 0) zeros += 1
      if (x < 0) negatives += 1
    }
    const magnitude = Math.max(-min, max)
    if (magnitude >= 2 ** this.exponent) this.widen(exponentOf(magnitude))
    const scale = 2 ** (BINS_LOG2 - this.exponent)
    this.#at.release()
    for (const x of values) {
      const bin = Math.trunc(x * scale)
      if (bin !== 0) this.#counts[bin & (NUM_BINS - 1)]! += 1
    }
    this.#header.setFloat32(this.#at.MIN.value, min, true)
    this.#header.setFloat32(this.#at.MAX.value, max, true)
    this.#header.setFloat64(this.#at.ZEROS.value, zeros, true)
    this.#header.setFloat64(this.#at.NEGATIVES.value, negatives, true)
    this.#header.setFloat64(this.#at.COUNT.value, this.count + values.length, true)
  }

  /** The statistics, with their counts written into `counts`. */
  read(counts: Float64Array = new Float64Array(NUM_BINS)): Histogram {
    this.#at.release()
    const { min, max, zeros, negatives } = this.#range()
    const scale = 2 ** (BINS_LOG2 - this.exponent)
    counts.fill(0)
    let positiveRest = this.count - negatives
    for (let bin = Math.floor(Math.max(max, 0) * scale); bin > 0; bin--) {
      const count = this.#counts[bin]!
      counts[bin] = count
      positiveRest -= count
    }
    let negativeRest = negatives
    for (let bin = Math.floor(Math.max(-min, 0) * scale); bin > 0; bin--) {
      const count = this.#counts[NUM_BINS - bin]!
      counts[BINS_PER_SIGN + bin] = count
      negativeRest -= count
    }
    counts[0] = positiveRest
    counts[BINS_PER_SIGN] = negativeRest
    return { exponent: this.exponent, counts, min: min + 0, max: max + 0, count: this.count, zeros } // -0 + 0 is 0
  }

  #range() {
    return {
      min: this.#header.getFloat32(this.#at.MIN.value, true),
      max: this.#header.getFloat32(this.#at.MAX.value, true),
      zeros: this.#header.getFloat64(this.#at.ZEROS.value, true),
      negatives: this.#header.getFloat64(this.#at.NEGATIVES.value, true),
    }
  }

  #setExponent(exponent: number): void {
    const vectors = exponent >= LEAST_VECTOR_EXPONENT
    // Where the vector loops cannot scale, their limit is the least magnitude there is: they count zeros and stop at all else.
    const limitBits = vectors ? (exponent + 127) << 23 : 1
    const scale = vectors ? 2 ** (BINS_LOG2 - exponent) : 0
    this.#header.setInt32(this.#at.EXPONENT.value, exponent, true)
    this.#header.setUint32(this.#at.LIMIT.value, limitBits, true)
    for (let lane = 0; lane < 4; lane++) this.#header.setFloat32(this.#at.SCALE.value + 4 * lane, scale, true)
  }
}
