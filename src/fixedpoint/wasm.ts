// The WebAssembly half of rounding weights (assembly/round.ts): one instance a thread.

import { freeFrom, growTo, instantiate, type WasmGlobal, type WasmInstance, wasmFile } from '../wasm/instance.js'

/** The exports of assembly/round.ts: addresses are bytes. */
interface Exports {
  roundRow(from: number, length: number, scale: number, limit: number, to: number): void
  lastSum(): number
  lastMagnitude(): number
  readonly HEAP: WasmGlobal
}

/** The kernel takes so many weights at a time. */
const VECTOR = 16

/** The kernel, and where in its memory a row and its integers lie. */
interface Rounder {
  readonly instance: WasmInstance<Exports>
  readonly row: Float32Array
  readonly integers: Int8Array
}

let rounder: Rounder | undefined

/** Writes the integers of 8 bits that are nearest to row / scale, at most `limit` in magnitude, halves away from zero; and sums them. */
export function roundBytes(row: Float32Array, scale: number, limit: number, integers: Int8Array) {
  const length = VECTOR * Math.ceil(row.length / VECTOR)
  if (rounder === undefined || rounder.row.length < length) rounder = withRoom(length)
  const { instance, row: copied, integers: rounded } = rounder
  const { exports } = instance
  copied.set(row)
  copied.fill(0, row.length, length)
  exports.roundRow(copied.byteOffset, length, scale, limit, rounded.byteOffset)
  integers.set(rounded.subarray(0, row.length))
  return { sum: exports.lastSum(), magnitude: exports.lastMagnitude() }
}

/** @param length a multiple of VECTOR */
function withRoom(length: number): Rounder {
  const instance = rounder?.instance ?? instantiate<Exports>(wasmFile('round.wasm', import.meta.url))
  const bytes = Float32Array.BYTES_PER_ELEMENT * length
  const start = freeFrom(instance)
  growTo(start + bytes + length, instance)
  const { buffer } = instance.memory
  const row = new Float32Array(buffer, start, length)
  return { instance, row, integers: new Int8Array(buffer, start + bytes, length) }
}
