// Inputs at another scale or width than the output's are requantized.

import type { Offence } from '../../fixedpoint/multiplier.js'
import type { SolveContext } from '../contexts.js'
import { type FixedPart, solveParts } from '../parts.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedConcat } from './plan.js'

export interface FixedConcat extends FixedOperator {
  readonly axis: number
  readonly parts: readonly FixedPart[]
}

export function solveConcat(planned: PlannedConcat, context: SolveContext): Solved<FixedConcat> | Offence {
  const parts = solveParts(planned, context)
  return 'offence' in parts ? parts : { operator: { ...planned, parts }, warnings: [] }
}
