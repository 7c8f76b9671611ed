// The exponentials of a row's distances from its maximum, as two tables: exp(-(256 h + l) s) = exp(-256 h s) exp(-l s).

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import { roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, SolveContext, Solved } from '../types.js'
import type { PlannedSoftmax } from './plan.js'

/** Bits behind the point of exponentials and shares. */
export const FRACTION_BITS = 15

/**
 * d = max(x) - x; e = rshift(high[d >> 8] * low[d & 255], 15); share = floor((2^16 e + S) / (2 S)), S = sum e;
 * y = clip(rshift(share * multiplier, shift)).
 */
export interface FixedSoftmax extends FixedOperator {
  readonly axes: readonly number[]
  readonly length: number
  /** 2^15 exp(-256 h s) for h = 0, 1...: one entry for an 8-bit input. */
  readonly highTable: readonly number[]
  /** 2^15 exp(-l s) for l = 0...255. */
  readonly lowTable: readonly number[]
  readonly requantize: Requantize
  readonly bounds: Bounds
}

export function solveSoftmax(planned: PlannedSoftmax, context: SolveContext): Solved<FixedSoftmax> | Offence {
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const requantize = requantizeBy(2 ** -FRACTION_BITS / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  const exponentials = (count: number, step: number) =>
    Array.from({ length: count }, (_, index) =>
      roundHalfAway(2 ** FRACTION_BITS * Math.exp(-index * step * from.scale)),
    )
  const highTable = exponentials(2 ** (from.bits - 8), 256)
  return {
    operator: {
      ...planned,
      highTable,
      lowTable: exponentials(256, 1),
      requantize,
      bounds: { low: 0, high: rangeOf(to.bits)[1] },
    },
    warnings: [],
  }
}
