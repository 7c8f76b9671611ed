// Integer widths in bits, two's complement: their ranges, and arrays that hold them.

/** Least and greatest integer of a width. */
export function rangeOf(bits: number): readonly [low: number, high: number] {
  return [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

export type IntegerArray = Int8Array | Int16Array

/** Zeros of a width of 8 or 16 bits. */
export function integerArray(bits: number, length: number): IntegerArray {
  if (bits !== 8 && bits !== 16) throw new Error(`There is no array of ${bits} bits.`)
  return bits === 8 ? new Int8Array(length) : new Int16Array(length)
}
