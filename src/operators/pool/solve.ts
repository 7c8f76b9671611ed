// Maxima are taken on integers as they are; averages are sums, requantized with the divisor in the multiplier.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import { quantizedIn } from '../quantized.js'
import { signedRange } from '../ranges.js'
import type { FixedOperator, IntegerRange, SolveContext, Solved } from '../types.js'
import type { AverageGeometry, PlannedAveragePool, PlannedMaxPool } from './plan.js'

/** Integer maximum; padding never wins. The node's own attributes apply. */
export interface FixedMaxPool extends FixedOperator {}

/** y = clip(rshift(sum * multiplier, shift)). */
export interface FixedAveragePool extends FixedOperator, AverageGeometry {
  readonly requantize: Requantize
}

export function solveMaxPool(planned: PlannedMaxPool): Solved<FixedMaxPool> {
  return { operator: planned, warnings: [] }
}

export function solveAveragePool(
  { divisor, ...planned }: PlannedAveragePool,
  context: SolveContext,
): Solved<FixedAveragePool> | Offence {
  const input = quantizedIn(context, planned.inputs[0]!)
  const output = quantizedIn(context, planned.outputs[0]!)
  const requantize = requantizeBy(input.scale / (output.scale * divisor), 'q2', context.chip)
  if ('offence' in requantize) return requantize
  return { operator: { ...planned, requantize }, warnings: [] }
}

export function averageRanges(
  _operator: FixedAveragePool,
  [input]: readonly IntegerRange[],
  [output]: readonly QuantizedTensor[],
): IntegerRange[] {
  return [signedRange(input!, output!)]
}
