// kl: TensorRT's entropy calibrator. T = width * i for the number i of bins of |x| of which the clipped distribution loses the
// least information when quantized (divergence.ts). After S. Migacz, "8-bit Inference with TensorRT" (GTC 2017), with the two
// details of NVIDIA's released code (pytorch-quantization, calib/histogram.py): the groups' borders, and bin[0] = bin[1], which
// keeps the spike of exact zeros after a ReLU from deciding.
//
// - 2048 bins at most: a dyadic histogram has 2049 to 4096 bins up to max|x|, which are added in pairs to 1025 to 2048.
// - L + 1 groups, L the positive qmax, and at least as many bins kept. More qmax than bins (16 bits): T = max|x|.
// - Of equal divergences the smaller T, as argmin has it.
//
// Where it is known to fail, see kl_v2.ts.

import { leastDivergence } from './divergence.js'
import type { Solver } from './types.js'

const MOST_BINS = 2048

/** Neighbouring bins added in pairs until there are at most MOST_BINS; `scale` of the old bins make a new one. */
export function pairBins(counts: Float64Array): { readonly bins: Float64Array; readonly scale: number } {
  let bins = counts.slice()
  let scale = 1
  while (bins.length > MOST_BINS) {
    const source = bins
    bins = new Float64Array(Math.ceil(source.length / 2))
    for (let bin = 0; bin < source.length; bin++) bins[bin >> 1]! += source[bin]!
    scale *= 2
  }
  return { bins, scale }
}

export const kl: Solver = ({ counts, absmax }, { qmax }) => {
  const { bins, scale } = pairBins(counts)
  const numCodes = qmax + 1
  if (bins.length <= numCodes) return absmax
  bins[0] = bins[1]!
  return Math.min(scale * leastDivergence(bins, { numCodes, ties: 'fewest' }), absmax)
}
