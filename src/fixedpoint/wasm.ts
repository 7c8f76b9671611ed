// Loads the WebAssembly half of rounding weights (assembly/round.ts, compiled by `npm run build`): one instance a thread.

import { instantiate, type WasmMemory } from '../histogram/wasm.js'

/** The exports of assembly/round.ts: addresses are bytes. */
interface Exports {
  roundRow(from: number, length: number, scale: number, limit: number, to: number): void
  lastSum(): number
  lastMagnitude(): number
  readonly HEAP: { readonly value: number }
}

const PAGE_BYTES = 1 << 16
/** The kernel takes so many weights at a time. */
const VECTOR = 16

/** The kernel, and where in its memory a row and its integers lie. */
interface Rounder {
  readonly exports: Exports
  readonly memory: WasmMemory
  readonly row: Float32Array
  readonly integers: Int8Array
}

let rounder: Rounder | undefined

/** Writes the integers of 8 bits that are nearest to row / scale, at most `limit` in magnitude, halves away from zero; and sums them. */
export function roundBytes(row: Float32Array, scale: number, limit: number, integers: Int8Array) {
  const length = VECTOR * Math.ceil(row.length / VECTOR)
  if (rounder === undefined || rounder.row.length < length) rounder = withRoom(length)
  const { exports, row: copied, integers: rounded } = rounder
  copied.set(row)
  copied.fill(0, row.length, length)
  exports.roundRow(copied.byteOffset, length, scale, limit, rounded.byteOffset)
  integers.set(rounded.subarray(0, row.length))
  return { sum: exports.lastSum(), magnitude: exports.lastMagnitude() }
}

/** @param length a multiple of VECTOR */
function withRoom(length: number): Rounder {
  const { exports, memory } = rounder ?? load()
  const heap = VECTOR * Math.ceil(exports.HEAP.value / VECTOR)
  const bytes = Float32Array.BYTES_PER_ELEMENT * length
  const missing = heap + bytes + length - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  const row = new Float32Array(memory.buffer, heap, length)
  return { exports, memory, row, integers: new Int8Array(memory.buffer, heap + bytes, length) }
}

function load() {
  const { url } = import.meta
  const file = new URL(url.endsWith('.ts') ? '../../dist/src/fixedpoint/round.wasm' : 'round.wasm', url)
  const { exports, memory } = instantiate(file)
  return { exports: exports as Exports, memory }
}
