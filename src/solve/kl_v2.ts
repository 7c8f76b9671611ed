// kl_v2: kl.ts (the same bins, groups and divergence) with its known failures mended. Each has a test that kl fails.
//
// Behind the first two is one weakness: a divergence knows how much mass is moved, not how far. What is narrower than a step
// looks as bad as what is cut in half.
// 1. Spikes that drown the rest. kl replaces the first bin by the second, which hides the exact zeros of a ReLU, but neither a
//    spike of small values over a few bins (a smooth activation, a softmax) nor one elsewhere (the constant background of
//    images, the bound -0.375 of a hard-swish): to resolve the spike, kl clips what lies beyond.
// 2. Valid values at the very absmax. A small share of values at a bound (ReLU6 and Clip, a saturated sigmoid) is cut off like
//    noise, all of it folded into the last bin.
//    Here exact zeros are left out, and T is raised until its expected squared error (mse.ts) is no more than that of not
//    clipping at all, and clipping has no more than CLIPPING_SHARE of that.
// 3. Few samples. With a handful of values a bin, the noise between neighbours counts as shape; fewer bins have less of it, so
//    that kl clips the more, the less it has seen.
//    Here bins are averaged over a window that holds WINDOW_VALUES of them on average: one bin when samples are many. Where
//    that window is wider than a group there is no shape left to lose, and nothing is clipped.
// 4. Ties. Two values a < b have divergence 0 at T = b, but also at T = a, where b is folded onto a; kl takes the smaller T.
//    Here the larger.

import { leastDivergence } from './divergence.js'
import { pairBins } from './kl.js'
import { expectedError } from './mse.js'
import type { Magnitudes, Solver } from './types.js'

const CLIPPING_SHARE = 1 / 4

/** Values a smoothing window holds on average. */
const WINDOW_VALUES = 32

/** Moving average, over what there is of the window at both ends. */
function smooth(bins: Float64Array, window: number): Float64Array {
  const radius = Math.floor(window / 2)
  if (radius === 0) return bins
  const below = new Float64Array(bins.length + 1)
  for (let bin = 0; bin < bins.length; bin++) below[bin + 1] = below[bin]! + bins[bin]!
  return bins.map((_, bin) => {
    const from = Math.max(bin - radius, 0)
    const to = Math.min(bin + radius + 1, bins.length)
    return (below[to]! - below[from]!) / (to - from)
  })
}

/** T, or the nearest step above it that stays within the error of max|x|. */
function raise(threshold: number, step: number, tensor: Magnitudes, qmax: number): number {
  const error = expectedError(tensor, qmax)
  const allowed = error.at(tensor.absmax)
  const exceeds = (raised: number) => error.bound(raised) > CLIPPING_SHARE * allowed || error.at(raised) > allowed
  let raised = threshold
  while (raised < tensor.absmax && exceeds(raised)) raised += step
  return Math.min(raised, tensor.absmax)
}

export const klV2: Solver = (tensor, { qmax }) => {
  const { counts, zeros, total, absmax } = tensor
  const numCodes = qmax + 1
  const numValues = total - zeros
  if (numValues < WINDOW_VALUES * numCodes) return absmax
  const nonzero = counts.slice()
  nonzero[0]! -= zeros
  const { bins, scale } = pairBins(nonzero)
  if (bins.length <= numCodes) return absmax
  const smoothed = smooth(bins, (WINDOW_VALUES * bins.length) / numValues)
  const numKept = leastDivergence(smoothed, { numCodes, ties: 'most' })
  return raise(Math.min(scale * numKept, absmax), scale, tensor, qmax)
}
