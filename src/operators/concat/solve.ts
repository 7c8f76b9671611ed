// Inputs at another scale or width than the output's are requantized.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import { quantizedIn } from '../quantized.js'
import { signedRange, union } from '../ranges.js'
import type { FixedOperator, IntegerRange, SolveContext, Solved } from '../types.js'
import type { PlannedConcat } from './plan.js'

/** Inputs already at the output's scale have an undefined requantize; the others are clip(rshift(x * multiplier, shift)). */
export interface FixedConcat extends FixedOperator {
  readonly axis: number
  readonly requantize: readonly (Requantize | undefined)[]
}

export function solveConcat(planned: PlannedConcat, context: SolveContext): Solved<FixedConcat> | Offence {
  const to = quantizedIn(context, planned.outputs[0]!)
  const requantize: (Requantize | undefined)[] = []
  for (const input of planned.inputs) {
    const { scale, bits } = quantizedIn(context, input)
    const same = scale === to.scale && bits === to.bits
    const fix = same ? undefined : requantizeBy(scale / to.scale, 'q2', context.chip)
    if (fix && 'offence' in fix) return fix
    requantize.push(fix)
  }
  return { operator: { ...planned, requantize }, warnings: [] }
}

export function concatRanges(
  { requantize }: FixedConcat,
  inputs: readonly IntegerRange[],
  [output]: readonly QuantizedTensor[],
): IntegerRange[] {
  return [union(inputs.map((range, index) => (requantize[index] ? signedRange(range, output!) : range)))]
}
