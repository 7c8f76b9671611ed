// The search that kl and kl_v2 share: how many leading bins i to keep so that the quantized distribution Q of those bins is
// nearest to their own, P, in Kullback-Leibler divergence.
//
//     P   bins 0 .. i-1, with all that lies beyond added to bin i-1 (clipping)
//     Q   the bins without the addition, cut into `numCodes` groups of equal width; a group's mass is shared evenly by its
//         non-empty bins (rounding)
//     D   = sum_b p_b ln(p_b / q_b), both normalized; infinite where q_b = 0 < p_b
//
// Group g of i bins is [ceil(g i / G), ceil((g+1) i / G)). With c the counts, C = sum of c below i, N = all, O = N - C, and
// S, Z a group's mass and number of non-empty bins,
//
//     N D = sum_g [ sum_{b in g} c ln c - S ln(S / Z) ] + (c' + O) ln(c' + O) - c' ln c' - O ln(S' / Z') + N ln(C / N)
//
// where c', S', Z' are those of the last bin and group. Prefix sums of c, c ln c and non-empty bins give a group in O(1), and
// every group's term is >= 0, so that a candidate is dropped, exactly, as soon as its sum passes the best.

export interface DivergenceSearch {
  /** The groups, G. */
  readonly numCodes: number
  /** Of equal divergences, the fewest or the most bins. */
  readonly ties: 'fewest' | 'most'
}

/** Before the full scan, every so many candidates, so that the full scan has something to be pruned by. */
const COARSE_STRIDE = 32
/** Divergences nearer than this (nats) are equal. */
const TIE = 1e-12

function xLogX(x: number): number {
  return x > 0 ? x * Math.log(x) : 0
}

/** D of i kept bins; any larger number once it is known to exceed `limit`. */
export type Divergence = (numKept: number, limit: number) => number

export function divergenceOf(bins: Float64Array, numCodes: number): Divergence {
  const mass = new Float64Array(bins.length + 1)
  const entropy = new Float64Array(bins.length + 1)
  const filled = new Float64Array(bins.length + 1)
  for (let bin = 0; bin < bins.length; bin++) {
    const count = bins[bin]!
    mass[bin + 1] = mass[bin]! + count
    entropy[bin + 1] = entropy[bin]! + xLogX(count)
    filled[bin + 1] = filled[bin]! + (count > 0 ? 1 : 0)
  }
  const total = mass[bins.length]!

  return (numKept, limit) => {
    const start = (group: number) => Math.ceil((group * numKept) / numCodes)
    const kept = mass[numKept]!
    const outliers = total - kept
    const last = bins[numKept - 1]!
    if (kept === 0 || (outliers > 0 && last === 0)) return Number.POSITIVE_INFINITY
    const lastStart = start(numCodes - 1)
    const lastMass = kept - mass[lastStart]!
    const lastFilled = filled[numKept]! - filled[lastStart]!
    let sum = total * Math.log(kept / total)
    if (outliers > 0) sum += xLogX(last + outliers) - xLogX(last) - outliers * Math.log(lastMass / lastFilled)
    const stop = limit * total
    let from = 0
    for (let group = 0; group < numCodes && sum <= stop; group++) {
      const to = start(group + 1)
      const groupMass = mass[to]! - mass[from]!
      const groupFilled = filled[to]! - filled[from]!
      if (groupFilled > 1) sum += entropy[to]! - entropy[from]! - groupMass * Math.log(groupMass / groupFilled)
      from = to
    }
    return sum / total
  }
}

/** The number of bins to keep, from numCodes to all: with fewer there is nothing to round. */
export function leastDivergence(bins: Float64Array, { numCodes, ties }: DivergenceSearch): number {
  const divergence = divergenceOf(bins, numCodes)
  let best = bins.length
  let least = divergence(best, Number.POSITIVE_INFINITY)

  function consider(numKept: number): void {
    const candidate = divergence(numKept, least + TIE)
    const tied = Math.abs(candidate - least) <= TIE
    const preferred = ties === 'most' ? numKept > best : numKept < best
    if (candidate < least - TIE || (tied && preferred)) {
      best = numKept
      least = candidate
    }
  }

  for (let numKept = bins.length - COARSE_STRIDE; numKept >= numCodes; numKept -= COARSE_STRIDE) consider(numKept)
  for (let numKept = bins.length - 1; numKept >= numCodes; numKept--) consider(numKept)
  return best
}
