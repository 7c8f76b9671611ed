// Where the points of an interpolated table lie among inputs of 16 bits.

/**
 * even: every 2^bits inputs, from the least input on. octaves: the farther from zero, the farther from each other, for functions that are steep near
 * zero. Each octave of magnitudes has 2^bits segments, and every magnitude below 2^(bits + 1) has a point. The points of zero and of the positive
 * inputs come first, then those of the negative inputs from -1 on.
 */
export interface Spacing {
  readonly kind: 'even' | 'octaves'
  readonly bits: number
}

/** The inputs that the points stand for, in the table's order; the last one of a sign may be one beyond the range. */
export function pointsOf({ kind, bits }: Spacing, inputBits: number): number[] {
  const half = 2 ** (inputBits - 1)
  if (kind === 'even')
    return Array.from({ length: 2 ** (inputBits - bits) + 1 }, (_, index) => index * 2 ** bits - half)
  const lengthFrom = (at: number) => 2 ** Math.max(0, Math.floor(Math.log2(Math.max(at, 1))) - bits)
  const magnitudes = [0]
  for (let at = 0; at < half; ) {
    at += lengthFrom(at)
    magnitudes.push(at)
  }
  return [...magnitudes, ...magnitudes.slice(1).map((magnitude) => -magnitude)]
}
