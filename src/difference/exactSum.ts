// Sums without an order: a double is an integer count of units of 2^-320, and integers add up to the same in any order. A unit is far below the
// square of the smallest float32, 2^-298, so that what is cut off is nothing that anybody measures.

const UNIT_LOG2 = 320

const double = new DataView(new ArrayBuffer(8))

/** The units in a finite double, towards zero. @throws RangeError for one that is not finite */
export function toUnits(value: number): bigint {
  double.setFloat64(0, value)
  const bits = double.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  if (exponent === 0x7ff) throw new RangeError(`${value} has no exact sum`)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  // A double is fraction * 2^-1074 below 2^-1022, else (2^52 + fraction) * 2^(exponent - 1075).
  const mantissa = exponent === 0 ? fraction : fraction | 0x10_0000_0000_0000n
  const shift = BigInt(Math.max(exponent, 1) - 1075 + UNIT_LOG2)
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift
  return value < 0 ? -magnitude : magnitude
}

/** The double nearest to so many units. */
export function fromUnits(units: bigint): number {
  return Number(units) * 2 ** -UNIT_LOG2
}
