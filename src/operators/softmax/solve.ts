// The exponentials of a row's distances from its maximum, as two tables: exp(-(256 h + l) s) = exp(-256 h s) exp(-l s).

import { type Offence, requantizeBy, shiftBelow, shiftOffence } from '../../fixedpoint/multiplier.js'
import { roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedLogSum, PlannedSoftmax } from './plan.js'

/** Bits behind the point of exponentials and shares. */
export const FRACTION_BITS = 15

/**
 * d = max(x) - x; e = rshift(high[d >> 8] * low[d & 255], 15); share = floor((2^16 e + S) / (2 S)), S = sum e;
 * y = clip(rshift(share * multiplier, shift)).
 */
export interface FixedSoftmax extends FixedOperator, Exponentials {
  readonly axes: readonly number[]
  readonly length: number
  readonly requantize: Requantize
  readonly bounds: Bounds
}

/** e as a function of d. */
export interface Exponentials {
  /** 2^15 exp(-256 h s) for h = 0, 1...: one entry for an 8-bit input. */
  readonly highTable: readonly number[]
  /** 2^15 exp(-l s) for l = 0...255. */
  readonly lowTable: readonly number[]
}

export function solveSoftmax(planned: PlannedSoftmax, context: SolveContext): Solved<FixedSoftmax> | Offence {
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const requantize = requantizeBy(2 ** -FRACTION_BITS / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  const bounds = { low: 0, high: rangeOf(to.bits)[1] }
  return { operator: { ...planned, ...exponentials(from), requantize, bounds }, warnings: [] }
}

function exponentials({ scale, bits }: QuantizedTensor): Exponentials {
  const entries = (count: number, step: number) =>
    Array.from({ length: count }, (_, index) => roundHalfAway(2 ** FRACTION_BITS * Math.exp(-index * step * scale)))
  return { highTable: entries(2 ** (bits - 8), 256), lowTable: entries(256, 1) }
}

/** A segment of the logarithm's table is 2^6 of the 2^15 values long that a sum's leading bits have. */
export const SEGMENT_BITS = 6

/**
 * With d and S as above: p = floor(log2 S) - 15, m = floor(S / 2^p) - 2^15 = 2^6 i + r,
 * L = powers[p] + logarithms[i] + rshift((logarithms[i + 1] - logarithms[i]) r, 6), in units of 2^-15;
 * y = clip(rshift(rq(-d) + rq(L), q2)), or with max(x) in the place of -d; the second multiplier is negative in the first case.
 */
export interface FixedLogSum extends FixedOperator, Exponentials {
  readonly axes: readonly number[]
  readonly length: number
  readonly reduces: boolean
  readonly keepDims: boolean
  readonly rank: number
  /** 2^15 p ln 2 for p = 0, 1... */
  readonly powers: readonly number[]
  /** 2^15 ln(1 + i / 2^9) for i = 0...2^9. */
  readonly logarithms: readonly number[]
  readonly requantize: readonly [Requantize, Requantize]
  readonly q2: number
  readonly bounds: Bounds
}

export function solveLogSum(planned: PlannedLogSum, context: SolveContext): Solved<FixedLogSum> | Offence {
  const { chip } = context
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const factors = [from.scale / to.scale, 2 ** -FRACTION_BITS / to.scale] as const
  // The finest common scale at which the larger multiplier still fits, as of a sum.
  const q2 = shiftBelow(Math.max(...factors), rangeOf(chip.multiplierBits)[1], chip.qRange[1])
  if (q2 < chip.qRange[0]) return shiftOffence('q2', q2, chip)
  const distance = requantizeBy(factors[0] * 2 ** q2, 'q0', chip)
  const logarithm = requantizeBy(factors[1] * 2 ** q2 * (planned.reduces ? 1 : -1), 'q1', chip)
  if ('offence' in distance) return distance
  if ('offence' in logarithm) return logarithm
  const [low, high] = rangeOf(to.bits)
  const segments = 2 ** (FRACTION_BITS - SEGMENT_BITS)
  const unit = 2 ** FRACTION_BITS
  const operator: FixedLogSum = {
    ...planned,
    ...exponentials(from),
    powers: Array.from({ length: powersOf(planned.length) + 1 }, (_, p) => roundHalfAway(unit * p * Math.LN2)),
    logarithms: Array.from({ length: segments + 1 }, (_, i) => roundHalfAway(unit * Math.log1p(i / segments))),
    requantize: [distance, logarithm],
    q2,
    bounds: { low, high: planned.reduces ? high : 0 },
  }
  return { operator, warnings: [] }
}

/** The most that p can be: a sum has up to `length` times 2^15. */
function powersOf(length: number): number {
  return Math.ceil(Math.log2(length))
}
