import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import { signedRange } from '../ranges.js'
import type { FixedOperator, IntegerRange, PlannedOperator, Solved } from '../types.js'

/** y = clip(rshift(x * multiplier, shift)). */
export interface FixedRequantize extends FixedOperator {
  readonly requantize: Requantize
}

export function solveRequantize(planned: PlannedOperator, context: SolveContext): Solved<FixedRequantize> | Offence {
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const requantize = requantizeBy(from.scale / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  return { operator: { ...planned, requantize }, warnings: [] }
}

export function requantizeRanges(
  _operator: FixedRequantize,
  [input]: readonly IntegerRange[],
  [output]: readonly QuantizedTensor[],
): IntegerRange[] {
  return [signedRange(input!, output!)]
}
