// Integer widths in bits, two's complement: their ranges.

/** Least and greatest integer of a width. */
export function rangeOf(bits: number): readonly [low: number, high: number] {
  return [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}
