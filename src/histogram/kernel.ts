// Observation at the speed of memory: dyadic histograms of many tensors, counted by WebAssembly SIMD (assembly/kernel.ts).
// One kernel a thread. Its memory is laid out once and never grows, so that views of it stay valid:
//
//     | static data | slot 0 | slot 1 | ... | staging area | buffer 0 | buffer 1 | ...
//
// Invariant: a slot holds exactly what histogram.ts's observe would make of the same values.

import { freeFrom, growTo, WASM_PAGE_BYTES } from '../wasm/instance.js'
import { exponentOf, merge } from './histogram.js'
import { LEAST_VECTOR_EXPONENT, Slot } from './slot.js'
import { type Histogram, NUM_BINS } from './types.js'
import { loadKernel, type WasmExports } from './wasm.js'

export interface KernelOptions {
  /** How many tensors to keep statistics of. */
  readonly numSlots: number
  /** Lengths, in floats, of the buffers to make. */
  readonly bufferLengths?: readonly number[]
  /** Bytes that all buffers may take inside the kernel's memory. Default: what WebAssembly can address. */
  readonly maxBufferBytes?: number
  /** Values after which a slot's 32-bit counts are set aside, as they might overflow. */
  readonly maxSlotCount?: number
}

export function createKernel(options: KernelOptions): Kernel {
  return new Kernel(options)
}

const ALIGNMENT = 64
const MAX_MEMORY_BYTES = 2 ** 32 - WASM_PAGE_BYTES
const STAGING_LENGTH = 1 << 14
/** Floats that the vector loops take at once. */
const VECTOR = 8
const INFINITY_BITS = 0x7f800000

export class Kernel {
  /**
   * One a requested length, for a runtime to write into: what lies there is observed without a copy. Aligned to 64 bytes.
   * Those that do not fit into the kernel's memory lie outside and go through the staging area.
   */
  readonly buffers: readonly Float32Array[]

  readonly #wasm: WasmExports
  readonly #memory: ArrayBuffer
  readonly #staging: Float32Array
  readonly #slots: readonly Slot[]
  readonly #maxSlotCount: number
  /** Statistics set aside, by slot number. */
  readonly #settled = new Map<number, Histogram>()
  /** What slots held at begin(), saved when they are first touched. */
  #saved: Map<number, { readonly bytes: Uint8Array; readonly settled: Histogram | undefined }> | undefined

  constructor({ numSlots, bufferLengths = [], maxBufferBytes, maxSlotCount = 2 ** 32 - 1 }: KernelOptions) {
    const instance = loadKernel()
    const { exports: wasm, memory } = instance
    const slots = freeFrom(instance)
    const staging = slots + numSlots * wasm.SLOT_BYTES.value
    const buffers = staging + 4 * STAGING_LENGTH
    const { starts, end } = place(bufferLengths, buffers, buffers + (maxBufferBytes ?? MAX_MEMORY_BYTES))
    growTo(end, instance)

    const { buffer } = memory
    this.#wasm = wasm
    this.#memory = buffer
    this.#maxSlotCount = maxSlotCount
    this.#staging = new Float32Array(buffer, staging, STAGING_LENGTH)
    this.#slots = Array.from({ length: numSlots }, (_, i) => new Slot(wasm, buffer, slots + i * wasm.SLOT_BYTES.value))
    this.buffers = bufferLengths.map((length, i) => {
      const start = starts[i]
      return start === undefined ? new Float32Array(length) : new Float32Array(buffer, start, length)
    })
  }

  /**
   * Adds the values to the slot's statistics: -1, or the index of the first that is not finite. Then the slot holds some of those
   * before it: roll back, reset, or give up.
   */
  observe(slot: number, values: Float32Array): number {
    this.#prepare(slot, values.length)
    const target = this.#slots[slot]!
    if (values.buffer === this.#memory) return this.#observeInside(target, values)
    for (let at = 0; at < values.length; at += STAGING_LENGTH) {
      const part = values.subarray(at, at + STAGING_LENGTH)
      this.#staging.set(part)
      const bad = this.#observeInside(target, this.#staging.subarray(0, part.length))
      if (bad !== -1) return at + bad
    }
    return -1
  }

  /** The same for values in groups of `stride`, of which the first `lanes` count and the rest is padding. Returns whether all are finite. */
  observeLanes(slot: number, values: Float32Array, lanes: number, stride: number): boolean {
    this.#prepare(slot, values.length)
    const target = this.#slots[slot]!
    const groups = values.length / stride
    if (values.buffer === this.#memory && lanes % VECTOR === 0) {
      for (let lane = 0; lane < lanes; lane += VECTOR) {
        const address = values.byteOffset + 4 * lane
        if (this.#observeVectors(target, address, groups * VECTOR, 4 * stride) !== -1) return false
      }
      return true
    }
    const most = Math.floor(STAGING_LENGTH / lanes)
    for (let from = 0; from < groups; from += most) {
      const staged = this.#staging.subarray(0, Math.min(most, groups - from) * lanes)
      for (let i = 0, at = from * stride; i < staged.length; i += lanes, at += stride) {
        for (let lane = 0; lane < lanes; lane++) staged[i + lane] = values[at + lane]!
      }
      if (this.#observeInside(target, staged) !== -1) return false
    }
    return true
  }

  /** Marks the state that rollback() returns to. From the first call on, touching a slot costs a copy of its counts. */
  begin(): void {
    this.#saved = new Map()
  }

  /** Forgets all that was observed since begin(). */
  rollback(): void {
    if (this.#saved === undefined) throw new Error('rollback() without begin()')
    for (const [slot, { bytes, settled }] of this.#saved) {
      this.#slots[slot]!.restore(bytes)
      if (settled === undefined) this.#settled.delete(slot)
      else this.#settled.set(slot, settled)
    }
    this.#saved.clear()
  }

  /** The statistics of all that the slot was given since the last reset(), with their counts written into `counts`. */
  read(slot: number, counts: Float64Array = new Float64Array(NUM_BINS)): Histogram {
    const held = this.#slots[slot]!.read(counts)
    const settled = this.#settled.get(slot)
    if (settled === undefined) return held
    const whole = merge(settled, held)
    counts.set(whole.counts)
    return { ...whole, counts }
  }

  /** Empties every slot. */
  reset(): void {
    for (const slot of this.#slots) slot.clear()
    this.#settled.clear()
    this.#saved?.clear()
  }

  /** Saves what a rollback needs, and sets counts aside that `length` more values might overflow. */
  #prepare(slot: number, length: number): void {
    const target = this.#slots[slot]!
    if (this.#saved !== undefined && !this.#saved.has(slot)) {
      this.#saved.set(slot, { bytes: target.save(), settled: this.#settled.get(slot) })
    }
    if (target.count + length <= this.#maxSlotCount) return
    this.#settled.set(slot, this.read(slot))
    target.clear()
  }

  /** `values` lie in the kernel's memory. */
  #observeInside(slot: Slot, values: Float32Array): number {
    const vectors = values.length - (values.length % VECTOR)
    const bad = this.#observeVectors(slot, values.byteOffset, vectors, 4 * VECTOR)
    if (bad !== -1 || vectors === values.length) return bad
    const rest = values.subarray(vectors)
    const index = firstNonFinite(rest)
    if (index !== -1) return vectors + index
    slot.observe(rest)
    return -1
  }

  /** `length` values, a multiple of VECTOR, at `address`: that many and then, `step` bytes from one to the next, as many again. */
  #observeVectors(slot: Slot, address: number, length: number, step: number): number {
    for (let at = 0; at < length; ) {
      at += this.#wasm.observe(slot.address, address + (at / VECTOR) * step, length - at, step)
      if (at === length) break
      // The next block does not fit: make room for it, and for as many as stay in the cache until they are counted.
      const start = address + (at / VECTOR) * step
      const next = Math.min(length - at, STAGING_LENGTH)
      const bits = this.#wasm.magnitude(start, next, step) >>> 0
      if (bits >= INFINITY_BITS) return at + firstNonFinite(this.#gather(start, next, step))
      const exponent = exponentOf(floatOf(bits))
      if (exponent >= LEAST_VECTOR_EXPONENT) slot.widen(exponent)
      else {
        slot.observe(this.#gather(start, next, step))
        at += next
      }
    }
    return -1
  }

  /** The same values, one beside the other. */
  #gather(address: number, length: number, step: number): Float32Array {
    const gathered = new Float32Array(length)
    for (let at = 0; at < length; at += VECTOR) {
      gathered.set(new Float32Array(this.#memory, address + (at / VECTOR) * step, VECTOR), at)
    }
    return gathered
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT
}

/** Aligned addresses one after the other, undefined for what would end after `limit`; and where the last one ends. */
function place(
  lengths: readonly number[],
  start: number,
  limit: number,
): { starts: (number | undefined)[]; end: number } {
  let end = start
  const starts = lengths.map((length) => {
    const address = aligned(end)
    if (address + 4 * length > Math.min(limit, MAX_MEMORY_BYTES)) return undefined
    end = address + 4 * length
    return address
  })
  return { starts, end }
}

function firstNonFinite(values: Float32Array): number {
  return values.findIndex((value) => !Number.isFinite(value))
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!
}
