// IEEE 754 half precision and bfloat16 to float32: exact, every half is a float.

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/** The values whose half-precision bit patterns are given. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, halfToFloat)
}

/** The values whose bfloat16 bit patterns are given: a bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    bits[0] = half << 16
    return float[0]!
  })
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
