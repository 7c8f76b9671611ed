// The two halves of a dyadic histogram folded into one histogram of |x|, in units of the bin width.

import { BINS_LOG2, BINS_PER_SIGN, type Histogram } from '../histogram/types.js'
import type { Magnitudes } from './types.js'

/** Width of a bin: 2^(k-b), exact. */
export function binWidth(histogram: Histogram): number {
  return 2 ** (histogram.exponent - BINS_LOG2)
}

/** Undefined when the tensor has no value but zero. */
export function magnitudesOf(histogram: Histogram): Magnitudes | undefined {
  if (histogram.count === histogram.zeros) return undefined
  const absmax = Math.max(Math.abs(histogram.min), Math.abs(histogram.max)) / binWidth(histogram)
  const numBins = Math.floor(absmax) + 1
  const negative = histogram.counts.subarray(BINS_PER_SIGN, BINS_PER_SIGN + numBins)
  const counts = histogram.counts.slice(0, numBins)
  for (let bin = 0; bin < numBins; bin++) counts[bin]! += negative[bin]!
  return { counts, negative, zeros: histogram.zeros, total: histogram.count, absmax }
}
