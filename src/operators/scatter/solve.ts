import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { Requantize } from '../../fixedpoint/types.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { Writing } from '../writing.js'
import type { PlannedScatter } from './plan.js'

/** y = clip(rshift(rshift(t, q0) * multiplier, shift)), t the sum of all x that go to a place. q0 is 0 where t has 34 bits or fewer. */
export interface FixedScatter extends FixedOperator {
  readonly writing: Writing
  readonly dims: readonly number[]
  readonly length: number
  readonly q0: number
  readonly requantize: Requantize
}

/** What the multiplier takes. */
const LARGEST_SUM_BITS = 34

export function solveScatter(planned: PlannedScatter, context: SolveContext): Solved<FixedScatter> | Offence {
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const reach = planned.length * 2 ** (from.bits - 1)
  const { accumulatorBits } = context.chip.accumulators[from.bits]!
  if (reach >= 2 ** (accumulatorBits - 1))
    return { offence: `its sum can reach ${reach}, beyond ${accumulatorBits} bits` }
  const q0 = Math.max(0, Math.ceil(Math.log2(reach)) - LARGEST_SUM_BITS)
  const requantize = requantizeBy((from.scale * 2 ** q0) / to.scale, 'q2', context.chip)
  return 'offence' in requantize ? requantize : { operator: { ...planned, q0, requantize }, warnings: [] }
}
