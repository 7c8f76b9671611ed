// Inputs at another scale or width than the output's are requantized; the choice is between integers.

import type { Offence } from '../../fixedpoint/multiplier.js'
import type { SolveContext } from '../contexts.js'
import { type FixedPart, solveParts } from '../parts.js'
import type { FixedOperator, Solved } from '../types.js'
import type { Choice, PlannedSelect } from './plan.js'

export interface FixedSelect extends FixedOperator {
  readonly choice: Choice
  readonly parts: readonly FixedPart[]
}

export function solveSelect(planned: PlannedSelect, context: SolveContext): Solved<FixedSelect> | Offence {
  const parts = solveParts(planned, context)
  return 'offence' in parts ? parts : { operator: { ...planned, parts }, warnings: [] }
}
