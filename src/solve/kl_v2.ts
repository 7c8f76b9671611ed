// kl_v2: kl.ts (the same bins, groups and divergence) with its known failures mended. Each has a test that kl fails.
//
// 1. A spike at zero. kl replaces the first bin by the second, which hides the exact zeros of a ReLU, but not a spike of small
//    values over a few bins (a leaky or smooth activation, an image's dark border): to resolve the spike it clips the rest.
//    Here exact zeros are left out, and the shape of the first group is not charged: whatever lies within a step of zero is
//    rounded by less than a step.
// 2. Valid values at the very top. Folding the tail into the last bin hides how far it was moved, so that a small share of
//    values at a bound (ReLU6 and Clip, a saturated sigmoid or softmax) is cut off like noise.
//    Here a tensor that piles up at its end (endsAtBound) is not clipped at all.
// 3. Few samples. With a handful of values a bin, the noise between neighbours counts as shape; fewer bins have less of it, so
//    that kl clips the more, the less it has seen.
//    Here bins are averaged over a window that holds WINDOW_VALUES of them on average; with many samples, over one bin.
// 4. Ties. Two values a < b have divergence 0 at T = b, but also at T = a, where b is folded onto a; kl takes the smaller T.
//    Here the larger.

import { leastDivergence } from './divergence.js'
import { pairBins } from './kl.js'
import type { Solver } from './types.js'

/** Values a smoothing window holds on average, and the widest window, as a share of all bins. */
const WINDOW_VALUES = 32
const WIDEST_WINDOW = 1 / 16

/** A pile at the end: so many times the mass of the group before it, so large a share of all, so many values. */
const PILE_RATIO = 2
const PILE_SHARE = 1e-3
const PILE_COUNT = 16

function massOf(bins: Float64Array, from: number, to: number): number {
  let mass = 0
  for (let bin = from; bin < to; bin++) mass += bins[bin]!
  return mass
}

/** Whether the last group of bins, the values that round to the largest integer when nothing is clipped, holds a pile. */
function endsAtBound(bins: Float64Array, numLevels: number): boolean {
  const end = bins.length
  const group = Math.ceil(end / numLevels)
  const last = massOf(bins, end - group, end)
  const before = massOf(bins, end - 2 * group, end - group)
  return last >= PILE_RATIO * before && last >= PILE_SHARE * massOf(bins, 0, end) && last >= PILE_COUNT
}

/** Moving average, over what there is of the window at both ends. */
function smooth(bins: Float64Array): Float64Array {
  const numBins = bins.length
  const window = Math.min((WINDOW_VALUES * numBins) / massOf(bins, 0, numBins), WIDEST_WINDOW * numBins)
  const radius = Math.floor(window / 2)
  if (radius === 0) return bins
  const below = new Float64Array(numBins + 1)
  for (let bin = 0; bin < numBins; bin++) below[bin + 1] = below[bin]! + bins[bin]!
  return bins.map((_, bin) => {
    const from = Math.max(bin - radius, 0)
    const to = Math.min(bin + radius + 1, numBins)
    return (below[to]! - below[from]!) / (to - from)
  })
}

export const klV2: Solver = ({ counts, zeros, top }, { levels }) => {
  const nonzero = counts.slice()
  nonzero[0]! -= zeros
  const { bins, scale } = pairBins(nonzero)
  const numLevels = levels + 1
  if (bins.length <= numLevels || endsAtBound(bins, numLevels)) return top
  return Math.min(scale * leastDivergence(smooth(bins), { numLevels, firstGroup: 1, ties: 'most' }), top)
}
