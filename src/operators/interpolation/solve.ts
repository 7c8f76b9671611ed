// Interpolation in integers: weights with a few bits behind the point, exact sums over all axes, and one rounding at the end.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import { roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedInterpolation, Resampling } from './plan.js'

export interface FixedResampling {
  readonly axis: number
  readonly from: number
  readonly to: number
  /** [to, from]; every row adds up to 2^fractionBits. */
  readonly weights: Int16Array
  readonly fractionBits: number
}

/** t = x, then along each axis t = weights t; y = clip(rshift(rshift(t, q0) * multiplier, shift)). */
export interface FixedInterpolation extends FixedOperator {
  readonly rank: number
  readonly resamplings: readonly FixedResampling[]
  readonly q0: number
  readonly requantize: Requantize
  readonly low: number
  readonly high: number
}

/** Of weights that fewer bits do not express exactly. */
const MOST_FRACTION_BITS = 11
/** What the multiplier takes. */
const LARGEST_SUM_BITS = 34

export function solveInterpolation(
  planned: PlannedInterpolation,
  context: SolveContext,
): Solved<FixedInterpolation> | Offence {
  const { kind, name, nodes, inputs, outputs, rank } = planned
  const from = quantizedIn(context, inputs[0]!)
  const to = quantizedIn(context, outputs[0]!)
  const resamplings = planned.resamplings.map(inIntegers)
  const reach = resamplings.reduce((bound, one) => bound * largestRow(one), 2 ** (from.bits - 1))
  const q0 = Math.max(0, Math.ceil(Math.log2(reach)) - LARGEST_SUM_BITS)
  const fractionBits = resamplings.reduce((bits, one) => bits + one.fractionBits, 0)
  const requantize = requantizeBy((from.scale * 2 ** (q0 - fractionBits)) / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  const [low, high] = rangeOf(to.bits)
  const operator = { kind, name, nodes, inputs, outputs, rank, resamplings, q0, requantize, low, high }
  return { operator, warnings: [] }
}

/** The fewest bits that make all weights integers, 11 at most: for factors that are powers of two they are exact. */
function inIntegers({ axis, from, to, matrix }: Resampling): FixedResampling {
  let fractionBits = 0
  while (fractionBits < MOST_FRACTION_BITS && !matrix.every((value) => Number.isInteger(value * 2 ** fractionBits))) {
    fractionBits++
  }
  const weights = Int16Array.from(matrix, (value) => roundHalfAway(value * 2 ** fractionBits))
  for (let row = 0; row < to; row++) completeRow(weights.subarray(row * from, (row + 1) * from), 2 ** fractionBits)
  return { axis, from, to, weights, fractionBits }
}

/** Gives what rounding took from a row's sum to its largest weight: a constant image stays constant. */
function completeRow(row: Int16Array, total: number): void {
  const missing = total - row.reduce((sum, weight) => sum + weight, 0)
  row[row.indexOf(Math.max(...row))]! += missing
}

/** The largest sum of magnitudes among the rows. */
export function largestRow({ from, to, weights }: FixedResampling): number {
  const sums = Array.from({ length: to }, (_, row) =>
    weights.subarray(row * from, (row + 1) * from).reduce((sum, weight) => sum + Math.abs(weight), 0),
  )
  return sums.reduce((most, sum) => Math.max(most, sum), 0)
}
