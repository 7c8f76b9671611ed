// Integers of a normalization. For a row x of n integers with |x| <= B:
//
//     S = sum x        c = n x - S        v = rshift(c, k)        D = sum v^2 + E
//     R = floor(sqrt(floor(2^52 / D)))    z = clip(rshift(rshift(c, p) R, k - p + 11), 16 bit)
//
// then y from z by a multiplier and an offset for each element (scaling). c / n is x without its mean; the variance in real units is
// s_x^2 4^k (D - E) / n^3, so that E = epsilon n^3 / (s_x^2 4^k), and the normalized value is z sqrt(n) 2^-15: |z| <= 2^15 as no value of a row is
// farther from its mean than sqrt(n) deviations. k is the least that keeps the sum of squares and E within 31 bits: where all values are far below
// sqrt(epsilon), it is E that asks for more.
// p is 0 but for rows so long that c R would leave 50 bits. Where the mean is not taken away, S = 0.

import type { Offence } from '../../fixedpoint/multiplier.js'
import { roundHalfAway } from '../../fixedpoint/rounding.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import { type ScalingFix, solveScaling } from '../scaling/solve.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedNormalization } from './plan.js'

export interface FixedNormalization extends FixedOperator {
  readonly groups?: number
  readonly axes: readonly number[]
  readonly length: number
  readonly centered: boolean
  /** k */
  readonly varianceShift: number
  /** p */
  readonly centeredShift: number
  /** E */
  readonly epsilonInt: number
  readonly scaling: ScalingFix
}

/** z has so many bits more to lose than v: 26 bits of R, 15 of z. */
export const NORMALIZED_SHIFT = 11
const NORMALIZED_BITS = 16
const LARGEST_SQUARES = 2 ** 31
/** c R has 27 + k bits, of 50. */
const LARGEST_UNSHIFTED = 23

export function solveNormalization(
  planned: PlannedNormalization,
  context: SolveContext,
): Solved<FixedNormalization> | Offence {
  const { kind, name, nodes, inputs, outputs, groups, axes, length, epsilon, centered, factor, offset, clamp } = planned
  const from = quantizedIn(context, inputs[0]!)
  const to = quantizedIn(context, outputs[0]!)
  const farthest = 2 * length * 2 ** (from.bits - 1)
  const squaresOf = (shift: number) => length * (farthest / 2 ** shift + 1) ** 2
  const epsilonOf = (shift: number) => (epsilon * length ** 3) / (from.scale ** 2 * 4 ** shift)
  let varianceShift = 0
  while (squaresOf(varianceShift) >= LARGEST_SQUARES) varianceShift++
  // From farthest on, all that is left of the values is zero.
  while (epsilonOf(varianceShift) > LARGEST_SQUARES && 2 ** varianceShift < farthest) varianceShift++
  const centeredShift = Math.max(0, varianceShift - LARGEST_UNSHIFTED)
  const epsilonInt = Math.max(1, roundHalfAway(Math.min(epsilonOf(varianceShift), LARGEST_SQUARES)))
  const unit = planned.unit * Math.sqrt(length) * 2 ** -(NORMALIZED_BITS - 1)
  const real = { factor, unit: unit / to.scale, offset, outputScale: to.scale, reach: 2 ** (NORMALIZED_BITS - 1) }
  const scaling = solveScaling(real, boundsOf(to, clamp), context.chip)
  if ('offence' in scaling) return scaling
  const operator = {
    ...{ kind, name, nodes, inputs, outputs },
    ...(groups !== undefined && { groups }),
    ...{ axes, length, centered, varianceShift, centeredShift, epsilonInt, scaling },
  }
  return { operator, warnings: [] }
}

export const normalizedRange = rangeOf(NORMALIZED_BITS)
