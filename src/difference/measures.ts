// What a difference says, in the usual measures. Each is undefined where it is a ratio to nothing.

import { type Difference, sumNames } from './difference.js'
import { fromUnits } from './exactSum.js'

export interface Measures {
  readonly count: number
  /** Mean relative error, weighted by magnitude: sum |e| / sum |r|. */
  readonly mre: number | undefined
  /** Cosine of the angle between the two as vectors. */
  readonly cosine: number | undefined
  /** Root of the mean squared error, in the tensor's own units. */
  readonly rmse: number
  /** Signal to quantization noise, 10 log10(sum r^2 / sum e^2), in dB; undefined where there is no signal or no noise. */
  readonly sqnr: number | undefined
  /** Largest |e|, and its ratio to the largest |r|. */
  readonly maxDiff: number
  readonly maxDiffRelative: number | undefined
  /** Mean of e: what the error shifts the tensor by. */
  readonly meanError: number
  /** Shares, 0 to 1: of values above and below the reference... */
  readonly above: number
  readonly below: number
  /** ...of reference values beyond the range, at either end... */
  readonly clippedLow: number
  readonly clippedHigh: number
  /** ...of codes at either end of the range, and of the range's codes that were used; undefined without codes. */
  readonly atLow: number | undefined
  readonly atHigh: number | undefined
  readonly codesUsed: number | undefined
}

/** `codes`: how many the range has; undefined for a candidate that is not made of codes. */
export function measuresOf(difference: Difference, codes: number | undefined): Measures {
  const { count, largestError, largest, used } = difference
  const sums = difference.sums.map(fromUnits)
  const sum = (name: (typeof sumNames)[number]) => sums[sumNames.indexOf(name)]!
  const share = (part: number) => (count === 0 ? 0 : part / count)
  return {
    count,
    mre: ratio(sum('absoluteError'), sum('absoluteReference')),
    cosine: ratio(sum('product'), Math.sqrt(sum('squaredReference')) * Math.sqrt(sum('squaredCandidate'))),
    rmse: Math.sqrt(share(sum('squaredError'))),
    sqnr: decibel(ratio(sum('squaredReference'), sum('squaredError'))),
    maxDiff: largestError,
    maxDiffRelative: ratio(largestError, largest),
    meanError: share(sum('error')),
    above: share(difference.above),
    below: share(difference.below),
    clippedLow: share(difference.clippedLow),
    clippedHigh: share(difference.clippedHigh),
    ...(codes === undefined
      ? { atLow: undefined, atHigh: undefined, codesUsed: undefined }
      : { atLow: share(difference.atLow), atHigh: share(difference.atHigh), codesUsed: bitCount(used) / codes }),
  }
}

function ratio(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined
}

function decibel(power: number | undefined): number | undefined {
  return power === undefined || power === 0 ? undefined : 10 * Math.log10(power)
}

function bitCount(words: Uint32Array): number {
  let count = 0
  for (let word of words) for (; word !== 0; word &= word - 1) count++
  return count
}
