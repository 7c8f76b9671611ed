// 64-bit integers of the wire format: a number where it is exact, else two 32-bit halves.

import type { Int64 } from '../types.js'

/** The nearest number: exact below 2^53. */
export function toNumber(value: Int64): number {
  if (typeof value === 'number') return value
  return (value.unsigned ? value.high >>> 0 : value.high) * 2 ** 32 + (value.low >>> 0)
}

/** The exact value. */
export function toBigInt(value: Int64): bigint {
  if (typeof value === 'number') return BigInt(value)
  const high = BigInt(value.unsigned ? value.high >>> 0 : value.high)
  return high * 4294967296n + BigInt(value.low >>> 0)
}

/** A number where it is exact, else the two halves. `value` must fit 64 bits. */
export function fromBigInt(value: bigint): Int64 {
  const near = Number(value)
  if (Number.isSafeInteger(near)) return near
  const low = Number(BigInt.asIntN(32, value))
  const unsigned = value >= 1n << 63n
  const high = Number(unsigned ? value >> 32n : BigInt.asIntN(32, value >> 32n))
  return { low, high: high | 0, unsigned }
}
