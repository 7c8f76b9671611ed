// The statistics of one tensor: an exact function of the multiset of its values, so that any order and any split give the same bytes.
//
// Bins of one histogram, numBins = 2 * BINS_PER_SIGN counts:
//
//     index        0 ........ B-1   |   B ........ 2B-1            B = BINS_PER_SIGN = 2^b
//     values      x >= 0 (and -0)   |   x < 0
//     bin         floor(|x| * 2^(b-k)) within its half, k = exponent
//
// where k is the smallest integer with max|x| < 2^k. An all-zero or empty histogram has exponent EMPTY_EXPONENT.

/** b = log2 of the bins a sign. */
export const BINS_LOG2 = 12
export const BINS_PER_SIGN = 1 << BINS_LOG2
export const NUM_BINS = 2 * BINS_PER_SIGN

/** The exponent of a histogram that has seen no nonzero value: smaller than any float32's (2^-149 < 2^-148). */
export const EMPTY_EXPONENT = -149

/** One tensor's statistics. Counts are integers below 2^53, held exactly in float64. */
export interface Histogram {
  /** Smallest integer k with max|x| < 2^k; EMPTY_EXPONENT when every value so far is zero. */
  readonly exponent: number
  /** NUM_BINS counts, layout above. Exact zeros are counted in bin 0 and in `zeros`. */
  readonly counts: Float64Array
  /** Exact least and greatest value (-0 is 0); +Infinity and -Infinity when nothing was seen. */
  readonly min: number
  readonly max: number
  /** How many values, and how many of them are exactly zero. */
  readonly count: number
  readonly zeros: number
}
