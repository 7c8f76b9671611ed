// Maxima are taken on integers as they are; averages are sums, requantized with the divisor in the multiplier.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { QuantizedTensor } from '../../fixedpoint/types.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import { signedRange } from '../ranges.js'
import type { IntConstant } from '../scaling/solve.js'
import type { FixedOperator, IntegerRange, Solved } from '../types.js'
import type { AverageGeometry, PlannedAveragePool, PlannedMaxPool } from './plan.js'

/** Integer maximum; padding never wins. The node's own attributes apply. */
export interface FixedMaxPool extends FixedOperator {}

/** y = clip(rshift(sum * multiplier, shift)), one multiplier or one for each position of the window. */
export interface FixedAveragePool extends FixedOperator, AverageGeometry {
  readonly multiplier: IntConstant
  readonly shift: number
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
  const factors = Float64Array.from(divisor.data, (count) => input.scale / (output.scale * Math.max(count, 1)))
  // The largest factor, which sets the shift, is that of the fewest elements.
  const largest = requantizeBy(Math.max(...factors), 'q2', context.chip)
  if ('offence' in largest) return largest
  const { shift } = largest
  const data = Int16Array.from(factors, (factor) => Math.round(factor * 2 ** shift))
  return { operator: { ...planned, multiplier: { dims: divisor.dims, data }, shift }, warnings: [] }
}

export function averageRanges(
  _operator: FixedAveragePool,
  [input]: readonly IntegerRange[],
  [output]: readonly QuantizedTensor[],
): IntegerRange[] {
  return [signedRange(input!, output!)]
}
