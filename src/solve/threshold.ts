// From a tensor's histogram to its clipping threshold T, by any mode. Pure: plain data in, a number out.

import type { QuantMode } from '../config/config.js'
import type { Histogram } from '../histogram/types.js'
import { kl } from './kl.js'
import { klV2 } from './kl_v2.js'
import { binWidth, magnitudesOf } from './magnitudes.js'
import { minMax } from './min_max.js'
import { mse } from './mse.js'
import { percentile } from './percentile.js'
import type { SolveOptions, Solver } from './types.js'

/** What an all-zero or empty tensor gets: any positive scale represents it. */
export const ZERO_TENSOR_THRESHOLD = 1

const solvers = { kl, min_max: minMax, mse, percentile, kl_v2: klV2 } as const satisfies Record<QuantMode, Solver>

/**
 * The threshold T > 0, in the tensor's own units, at most max|x|: the scale is T / qmax and larger magnitudes are clipped.
 * ZERO_TENSOR_THRESHOLD when the tensor has no value but zero. T(2^j x) is exactly 2^j T(x).
 */
export function solveThreshold(histogram: Histogram, mode: QuantMode, options: SolveOptions): number {
  const tensor = magnitudesOf(histogram)
  if (tensor === undefined) return ZERO_TENSOR_THRESHOLD
  return solvers[mode](tensor, options) * binWidth(histogram)
}
