// percentile: T = the smallest upper edge of a bin with at least ceil(p * count) magnitudes below it, and max|x| where that
// edge lies beyond it. p = 1 is min_max. The edge is not interpolated: it keeps the fraction asked for, and is at most one bin
// too far.
//
// All values count, zeros too, as in H. Wu et al., "Integer Quantization for Deep Learning Inference" (2020), section 3.
// Where exact zeros alone are the fraction (sparse tensors), the quantile is 0 and names no threshold: T = max|x|.

import type { Solver } from './types.js'

/** ceil(percent * total), were the product exact: 0.07 * 100 is 7, though its double is a little more. */
function valuesToKeep(percent: number, total: number): number {
  return Math.ceil(percent * total * (1 - 2 ** -50))
}

export const percentile: Solver = ({ counts, zeros, total, absmax }, { percent }) => {
  const keep = valuesToKeep(percent, total)
  if (zeros >= keep) return absmax
  let kept = 0
  for (let bin = 0; bin < counts.length; bin++) {
    kept += counts[bin]!
    if (kept >= keep) return Math.min(bin + 1, absmax)
  }
  return absmax
}
