// Counts as 64-bit integers: float64 holds them exactly below 2^53, and files hold uint64. By halves, as BigInt is slow by the million.

const HALF = 2 ** 32

/** All values of all parts, one after the other. */
export function uint64Of(parts: readonly ArrayLike<number>[]): BigUint64Array<ArrayBuffer> {
  const values = new BigUint64Array(parts.reduce((length, part) => length + part.length, 0))
  const halves = new Uint32Array(values.buffer)
  let at = 0
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      // Storing into a Uint32Array takes the integer part modulo 2^32.
      halves[at++] = part[i]!
      halves[at++] = part[i]! / HALF
    }
  }
  return values
}

/** A RangeError if one is 2^53 or more. */
export function float64Of(values: BigUint64Array): Float64Array {
  const halves = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  const floats = new Float64Array(values.length)
  for (let i = 0; i < floats.length; i++) {
    floats[i] = halves[2 * i + 1]! * HALF + halves[2 * i]!
    if (floats[i]! > Number.MAX_SAFE_INTEGER) throw new RangeError(`${values[i]} is not a count below 2^53`)
  }
  return floats
}
