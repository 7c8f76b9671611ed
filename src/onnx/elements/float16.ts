// IEEE 754 half precision and bfloat16 as bit patterns in a Uint16Array (Node 20 has no Float16Array). Every half is a float.

const word = new DataView(new ArrayBuffer(8))

/** The values whose half-precision bit patterns are given. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, fromFloat16)
}

/** The values whose bfloat16 bit patterns are given: a bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    word.setUint32(0, half << 16)
    return word.getFloat32(0)
  })
}

/** The bit pattern of the float16 nearest to x (ties to even), straight from double as numpy's astype(float16). */
export function toFloat16(x: number): number {
  word.setFloat64(0, x)
  const sign = (word.getUint8(0) & 0x80) << 8
  const magnitude = Math.abs(x)
  if (Number.isNaN(x)) return 0x7e00
  if (magnitude >= 65520) return sign | 0x7c00
  // Below 2^-14 the spacing stays 2^-24; above, it is 2^-10 of the value's power of two.
  const exponent = Math.max(((word.getUint16(0) >> 4) & 0x7ff) - 1023, -14)
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10))
  // A subnormal has steps < 1024 and exponent field 0; a carry out of the mantissa moves into the exponent by itself.
  return sign | (steps + (exponent + 14) * 1024)
}

/** The value of a float16 bit pattern. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25)
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
