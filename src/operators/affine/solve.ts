import type { Offence } from '../../fixedpoint/multiplier.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import { type ScalingFix, solveScaling } from '../scaling/solve.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedAffine } from './plan.js'

export interface FixedAffine extends FixedOperator, ScalingFix {}

export function solveAffine(planned: PlannedAffine, context: SolveContext): Solved<FixedAffine> | Offence {
  const { kind, name, nodes, inputs, outputs, factor, offset, clamp } = planned
  const from = quantizedIn(context, inputs[0]!)
  const to = quantizedIn(context, outputs[0]!)
  const real = { factor, unit: from.scale / to.scale, offset, outputScale: to.scale, reach: 2 ** (from.bits - 1) }
  const fix = solveScaling(real, boundsOf(to, clamp), context.chip)
  return 'offence' in fix ? fix : { operator: { kind, name, nodes, inputs, outputs, ...fix }, warnings: [] }
}
