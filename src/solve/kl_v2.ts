// kl_v2: kl.ts (the same bins, groups and divergence) with its known failures mended. Each has a test that kl fails.
//
// 1. Spikes that drown the rest. kl replaces the first bin by the second, which hides the exact zeros of a ReLU, but neither a
//    spike of small values over a few bins (a smooth activation, a softmax) nor one elsewhere (the constant background of
//    images, a gate at rest): to resolve the spike, kl clips everything beyond it. Yet whatever is narrower than a step is
//    rounded by less than a step.
//    Here exact zeros are left out, spikes narrower than a group are limited (spikes.ts), and the shape of the first group,
//    which the spike of small values fills, is not charged.
// 2. Valid values at the very top. Folding the tail into the last bin hides how far it was moved, so that a small share of
//    values at a bound (ReLU6 and Clip, a saturated sigmoid) is cut off like noise.
//    Here a tensor that piles up at its end (endsAtBound) is not clipped at all.
// 3. Few samples. With a handful of values a bin, the noise between neighbours counts as shape; fewer bins have less of it, so
//    that kl clips the more, the less it has seen.
//    Here bins are averaged over a window that holds WINDOW_VALUES of them on average: one bin when samples are many. Where
//    that window is wider than a group there is no shape left to lose, and nothing is clipped.
// 4. Ties. Two values a < b have divergence 0 at T = b, but also at T = a, where b is folded onto a; kl takes the smaller T.
//    Here the larger.

import { leastDivergence } from './divergence.js'
import { pairBins } from './kl.js'
import { limitSpikes } from './spikes.js'
import type { Solver } from './types.js'

/** Values a smoothing window holds on average. */
const WINDOW_VALUES = 32

/** A pile at the end: so many times the mass of the group before it, and so large a share of all. */
const PILE_RATIO = 2
const PILE_SHARE = 1e-3

function massOf(bins: Float64Array): number {
  return bins.reduce((mass, count) => mass + count, 0)
}

/** Whether the last group of bins, the values that round to the largest integer when nothing is clipped, holds a pile. */
function endsAtBound(bins: Float64Array, groupBins: number, numValues: number): boolean {
  const last = massOf(bins.subarray(-groupBins))
  const before = massOf(bins.subarray(-2 * groupBins, -groupBins))
  return last >= PILE_RATIO * before && last >= PILE_SHARE * numValues
}

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

export const klV2: Solver = ({ counts, zeros, total, top }, { levels }) => {
  const numLevels = levels + 1
  const numValues = total - zeros
  if (numValues < WINDOW_VALUES * numLevels) return top
  const nonzero = counts.slice()
  nonzero[0]! -= zeros
  const { bins, scale } = pairBins(nonzero)
  if (bins.length <= numLevels) return top
  const groupBins = Math.ceil(bins.length / numLevels)
  if (endsAtBound(bins, groupBins, numValues)) return top
  const level = smooth(limitSpikes(bins, groupBins), (WINDOW_VALUES * bins.length) / numValues)
  return Math.min(scale * leastDivergence(level, { numLevels, firstGroup: 1, ties: 'most' }), top)
}
