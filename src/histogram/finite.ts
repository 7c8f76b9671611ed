// Whether values are finite, found with the kernel's WebAssembly: every value of every sample is looked at.

import { freeFrom, growTo } from '../wasm/instance.js'
import { loadKernel } from './wasm.js'

const STAGING_LENGTH = 1 << 14
const VECTOR = 8
const INFINITY_BITS = 0x7f800000

let scanner: { readonly staging: Float32Array; readonly magnitude: (length: number) => number } | undefined

/** Whether none of the values is NaN or infinite. */
export function areFinite(values: Float32Array): boolean {
  scanner ??= createScanner()
  const { staging, magnitude } = scanner
  for (let at = 0; at < values.length; at += STAGING_LENGTH) {
    const part = values.subarray(at, at + STAGING_LENGTH)
    const length = Math.ceil(part.length / VECTOR) * VECTOR
    staging.set(part)
    staging.fill(0, part.length, length)
    if (magnitude(length) >= INFINITY_BITS) return false
  }
  return true
}

function createScanner() {
  const kernel = loadKernel()
  const address = freeFrom(kernel)
  growTo(address + 4 * STAGING_LENGTH, kernel)
  return {
    staging: new Float32Array(kernel.memory.buffer, address, STAGING_LENGTH),
    magnitude: (length: number) => kernel.exports.magnitude(address, length, 4 * VECTOR) >>> 0,
  }
}
