// PRelu in integers: a multiplier above zero and one for each element of the slope below, with one shift.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { IntConstant } from '../scaling/solve.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedPrelu } from './plan.js'

/** y = clip(rshift(x * (x > 0 ? above : below), shift)), below broadcast over x. */
export interface FixedPrelu extends FixedOperator {
  readonly above: number
  readonly below: IntConstant
  readonly shift: number
}

export function solvePrelu(planned: PlannedPrelu, context: SolveContext): Solved<FixedPrelu> | Offence {
  const { kind, name, nodes, inputs, outputs, slope } = planned
  const factor = quantizedIn(context, inputs[0]!).scale / quantizedIn(context, outputs[0]!).scale
  const steepest = slope.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  const largest = requantizeBy(factor * steepest, 'q2', context.chip)
  if ('offence' in largest) return largest
  const { shift } = largest
  const data = Int16Array.from(slope.data, (value) => Math.round(factor * value * 2 ** shift))
  const below = { dims: slope.dims, data }
  const operator = { kind, name, nodes, inputs, outputs, above: Math.round(factor * 2 ** shift), below, shift }
  return { operator, warnings: [] }
}
