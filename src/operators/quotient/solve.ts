// Quotients in integers: the rescaling is part of the dividend and the divisor, so that only the quotient is rounded.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedQuotient } from './plan.js'

/** The dividend has so many bits behind the point: divisors of 16 bits make quotients small. */
export const DIVIDEND_BITS = 15

/** y = clip(round_half_away(2^15 a * multiplier / (b * 2^shift))); a divisor of 0 counts as 1, the smallest there is. */
export interface FixedQuotient extends FixedOperator, Bounds {
  readonly requantize: Requantize
}

export function solveQuotient(planned: PlannedQuotient, context: SolveContext): Solved<FixedQuotient> | Offence {
  const { kind, name, nodes, inputs, outputs, clamp } = planned
  const to = quantizedIn(context, outputs[0]!)
  const [left, right] = inputs.map((input) => quantizedIn(context, input).scale) as [number, number]
  const requantize = requantizeBy(left / (right * to.scale * 2 ** DIVIDEND_BITS), 'q2', context.chip)
  if ('offence' in requantize) return requantize
  return { operator: { kind, name, nodes, inputs, outputs, requantize, ...boundsOf(to, clamp) }, warnings: [] }
}
