// The table's values as integers of the output's scale.

import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import { type IntegerArray, integerArray, rangeOf } from '../../fixedpoint/width.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedLookup } from './plan.js'

/** y = rows[indices], rows = clip(round_half_away(table / s_y)). */
export interface FixedLookup extends FixedOperator {
  readonly rows: { readonly dims: readonly number[]; readonly data: IntegerArray }
}

export function solveLookup({ table, ...planned }: PlannedLookup, context: SolveContext): Solved<FixedLookup> {
  const { scale, bits } = quantizedIn(context, planned.outputs[0]!)
  const [low, high] = rangeOf(bits)
  const data = integerArray(bits, table.data.length)
  table.data.forEach((value, index) => {
    data[index] = clip(roundHalfAway(value / scale), low, high)
  })
  return { operator: { ...planned, rows: { dims: table.dims, data } }, warnings: [] }
}
