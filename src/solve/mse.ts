// mse: the T of least expected squared error E(T) between x and its quantized value, clipping and rounding both, integrated
// over the bins (tail.ts). Exact zeros cost nothing at any T.
//
// Let s = T / L, and q(x) = s n with n = min(round(|x| / s), L): n is how many of the boundaries b_i = (i - 1/2) s, i = 1 .. L,
// lie below |x|. As  sum_{i<=n} 2 s (|x| - b_i) = 2 s n |x| - s^2 n^2 = x^2 - (|x| - s n)^2,
//
//     E(T) = M2 - 2 s sum_{i=1..L} H(b_i),      H(b) = integral over |x| > b of (|x| - b),      M2 = integral of x^2
//
// so that a candidate costs L evaluations of a piecewise quadratic, whatever the number of bins. The integers are [-L-1, L]:
// negative values have one boundary more, b_{L+1}, with an H of their own. Where a step is far narrower than a bin (16 bits)
// the sum is the midpoint rule for the integral of H, with its familiar remainder:
//
//     E(T) = 2 K(T) + s^2 / 12 * (mass up to T),      K(b) = integral of H from b up, for negative values K(T + s)
//
// E has ripples, so no bisection: candidates from max|x| down, until clipping alone, which only grows, costs more than the
// best; then ever finer grids around the best. Of equal errors the larger T wins.
//
// Source: the mean-squared-error criterion as in R. Banner et al., "Post training 4-bit quantization of convolutional networks
// for rapid-deployment" (NeurIPS 2019), there for a fitted Laplace or normal density, here for the histogram itself.

import { Tail } from './tail.js'
import type { Magnitudes, Solver } from './types.js'

/** Steps narrower than this many bins have a rounding error of s^2 / 12. */
const FINE_STEP = 1 / 8
const CANDIDATES_PER_OCTAVE = 64
const REFINEMENTS = 2
const POINTS_A_SIDE = 8
/** Errors nearer to each other than this share of M2 are equal: E is a difference of sums of a hundred terms. */
const TIE = 1e-13

export interface ExpectedError {
  /** E(T): summed over all values, in squared bin widths. */
  at(threshold: number): number
  /** A lower bound of E(T') for every T' <= T. */
  bound(threshold: number): number
}

export function expectedError({ counts, negative, zeros, absmax }: Magnitudes, qmax: number): ExpectedError {
  const nonzero = counts.slice()
  nonzero[0]! -= zeros
  const tail = new Tail(nonzero, absmax)
  const below = new Tail(negative, absmax)

  return {
    at: (threshold) => {
      const step = threshold / qmax
      if (step < FINE_STEP) {
        const rounding = ((step * step) / 12) * (tail.mass(0) - tail.mass(threshold))
        const spared = below.clippingError(threshold) - below.clippingError(threshold + step)
        return tail.clippingError(threshold) - spared + rounding
      }
      let sum = below.excess(threshold + step / 2)
      for (let i = 1; i <= qmax; i++) sum += tail.excess((i - 0.5) * step)
      return tail.clippingError(0) - 2 * step * sum
    },
    bound: (threshold) => tail.clippingError(threshold + threshold / qmax),
  }
}

/** Descending: CANDIDATES_PER_OCTAVE evenly spaced in every octave below `absmax`, to less than a bin. */
function* coarseGrid(absmax: number): Generator<number> {
  const points = 2 * CANDIDATES_PER_OCTAVE
  for (let octave = absmax; octave > 1; octave /= 2) {
    for (let i = points - 1; i >= CANDIDATES_PER_OCTAVE; i--) yield (octave * i) / points
  }
}

export const mse: Solver = (tensor, { qmax }) => {
  const { absmax } = tensor
  const error = expectedError(tensor, qmax)
  const tie = TIE * error.bound(0)
  let best = absmax
  let least = error.at(absmax)

  function consider(threshold: number): void {
    const candidate = error.at(threshold)
    if (candidate < least - tie || (candidate <= least + tie && threshold > best)) {
      best = threshold
      least = candidate
    }
  }

  for (const threshold of coarseGrid(absmax)) {
    if (error.bound(threshold) > least) break
    consider(threshold)
  }
  let gap = best / CANDIDATES_PER_OCTAVE
  for (let round = 0; round < REFINEMENTS; round++) {
    const centre = best
    gap /= POINTS_A_SIDE
    for (let i = POINTS_A_SIDE; i >= -POINTS_A_SIDE; i--) {
      const threshold = centre + gap * i
      if (threshold <= absmax) consider(threshold)
    }
  }
  return best
}
