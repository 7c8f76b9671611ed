// How far a tensor is from what it should be, summed over forward passes. A difference is made of integers, largest values and sets, so that
// merging is commutative and associative: neither the order of the passes nor the number of workers can matter.

import { toUnits } from './exactSum.js'

/** Where the candidate's values come from: real = code * scale, and the codes are low ... high. */
export interface Codes {
  readonly scale: number
  readonly low: number
  readonly high: number
  /** What both the candidate's and the reference's values are short of the real ones: where a zero point is folded into the model. */
  readonly offset: number
  /** Bounds, before the offset, beyond which values on both sides count as the bound: readers cannot tell them apart. */
  readonly told: readonly [low: number, high: number]
}

export interface Difference {
  /** Values compared. */
  readonly count: number
  /** Values of the candidate above, and below, the reference's. */
  readonly above: number
  readonly below: number
  /** Values of the reference beyond the largest, and the smallest, code by more than half a step. */
  readonly clippedHigh: number
  readonly clippedLow: number
  /** Codes at the ends of the range. */
  readonly atHigh: number
  readonly atLow: number
  /** Largest |candidate - reference|, and largest |reference|. */
  readonly largestError: number
  readonly largest: number
  /** Exact sums in units (exactSum.ts), e the error candidate - reference: of e, |e|, e^2, |r|, r^2, c^2 and c r. */
  readonly sums: readonly bigint[]
  /** Bit i of the set: code low + i was there. Empty for a candidate that is not made of codes. */
  readonly used: Uint32Array
}

export const sumNames = [
  'error',
  'absoluteError',
  'squaredError',
  'absoluteReference',
  'squaredReference',
  'squaredCandidate',
  'product',
] as const

export function emptyDifference(codes: Codes | undefined): Difference {
  return {
    ...{
      count: 0,
      above: 0,
      below: 0,
      clippedHigh: 0,
      clippedLow: 0,
      atHigh: 0,
      atLow: 0,
      largestError: 0,
      largest: 0,
    },
    sums: sumNames.map(() => 0n),
    used: new Uint32Array(codes === undefined ? 0 : Math.ceil((codes.high - codes.low + 1) / 32)),
  }
}

/** Both together. */
export function mergeDifferences(a: Difference, b: Difference): Difference {
  return {
    count: a.count + b.count,
    above: a.above + b.above,
    below: a.below + b.below,
    clippedHigh: a.clippedHigh + b.clippedHigh,
    clippedLow: a.clippedLow + b.clippedLow,
    atHigh: a.atHigh + b.atHigh,
    atLow: a.atLow + b.atLow,
    largestError: Math.max(a.largestError, b.largestError),
    largest: Math.max(a.largest, b.largest),
    sums: a.sums.map((sum, i) => sum + b.sums[i]!),
    used: a.used.map((bits, i) => bits | b.used[i]!),
  }
}

const all: Codes['told'] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
const notCodes: Codes = {
  scale: 1,
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
  offset: 0,
  told: all,
}

/** The difference of one forward pass. Values that are not finite in either are left out, together with what they would be compared with. */
export function differenceOf(
  reference: ArrayLike<number>,
  candidate: ArrayLike<number>,
  codes: Codes | undefined,
): Difference {
  const { scale, low, high, offset, told } = codes ?? notCodes
  const [toldLow, toldHigh] = told
  const counts = new Uint32Array(codes === undefined ? 0 : high - low + 1)
  const [most, least] = [(high + 0.5) * scale + offset, (low - 0.5) * scale + offset]
  let [above, below, clippedHigh, clippedLow, largestError, largest] = [0, 0, 0, 0, 0, 0]
  let [error, absoluteError, squaredError, absoluteReference, squaredReference, squaredCandidate, product] = [
    0, 0, 0, 0, 0, 0, 0,
  ]
  for (let i = 0; i < reference.length; i++) {
    const r = Math.min(Math.max(reference[i]!, toldLow), toldHigh) + offset
    const code = candidate[i]!
    const c = Math.min(Math.max(code * scale, toldLow), toldHigh) + offset
    const e = c - r
    const size = Math.abs(e)
    const magnitude = Math.abs(r)
    error += e
    absoluteError += size
    squaredError += e * e
    absoluteReference += magnitude
    squaredReference += r * r
    squaredCandidate += c * c
    product += c * r
    if (size > largestError) largestError = size
    if (magnitude > largest) largest = magnitude
    // Sums of booleans: which way a branch would go here, no processor can guess, and the loop would take three times as long.
    above += Number(e > 0)
    below += Number(e < 0)
    clippedHigh += Number(r > most)
    clippedLow += Number(r < least)
    if (codes !== undefined) counts[code - low]!++
  }
  const sums = [error, absoluteError, squaredError, absoluteReference, squaredReference, squaredCandidate, product]
  if (!sums.every(Number.isFinite)) return differenceOfFinite(reference, candidate, codes)
  const [atLow = 0, atHigh = 0] = [counts[0], counts.at(-1)]
  return {
    ...{ count: reference.length, above, below, clippedHigh, clippedLow, atHigh, atLow, largestError, largest },
    sums: sums.map(toUnits),
    used: setOf(counts),
  }
}

/** Bit i: counts[i] is not 0. */
function setOf(counts: Uint32Array): Uint32Array {
  const set = new Uint32Array(Math.ceil(counts.length / 32))
  for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) set[i >> 5]! |= 1 << (i & 31)
  return set
}

function differenceOfFinite(reference: ArrayLike<number>, candidate: ArrayLike<number>, codes: Codes | undefined) {
  const areFinite = (_: unknown, i: number) => Math.abs(reference[i]!) < 2 ** 500 && Math.abs(candidate[i]!) < 2 ** 500
  return differenceOf(Array.from(reference).filter(areFinite), Array.from(candidate).filter(areFinite), codes)
}

/** The codes that the chip would hold for these values: clip(round_half_away(x / scale)). */
export function encode(values: ArrayLike<number>, { scale, low, high }: Codes): Float32Array {
  const result = new Float32Array(values.length)
  for (let i = 0; i < result.length; i++) {
    const steps = values[i]! / scale
    const rounded = steps < 0 ? -Math.floor(0.5 - steps) : Math.floor(steps + 0.5)
    result[i] = Math.min(Math.max(rounded, low), high)
  }
  return result
}
