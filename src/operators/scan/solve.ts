import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedScan } from './plan.js'
import type { PlannedState } from './state.js'

export interface FixedState extends FixedOperator {
  readonly kind: 'state'
  readonly isRead: boolean
  readonly dims: readonly number[]
  /** The integers before the first step, where they are constant. */
  readonly initial: { readonly dims: readonly number[]; readonly data: Int16Array } | undefined
  /** Where they come from outside at another scale or width: clip(rshift(x * multiplier, shift)). */
  readonly requantize: Requantize | undefined
}

export interface FixedScan extends Omit<PlannedScan, 'steps'> {
  readonly steps: readonly FixedOperator[]
}

export function solveState(planned: PlannedState, context: SolveContext): Solved<FixedState> | Offence {
  const { kind, name, nodes, inputs, outputs, initial, isRead, dims } = planned
  const to = quantizedIn(context, outputs[0]!)
  const base = { kind, name, nodes, inputs, outputs, isRead, dims }
  if (initial !== undefined) {
    const [low, high] = rangeOf(to.bits)
    const data = Int16Array.from(initial.data, (value) => clip(roundHalfAway(value / to.scale), low, high))
    const integers = { dims: initial.dims, data }
    return { operator: { ...base, initial: integers, requantize: undefined }, warnings: [] }
  }
  const from = quantizedIn(context, inputs[1]!)
  const same = from.scale === to.scale && from.bits === to.bits
  const requantize = same ? undefined : requantizeBy(from.scale / to.scale, 'q2', context.chip)
  if (requantize && 'offence' in requantize) return requantize
  return { operator: { ...base, initial: undefined, requantize }, warnings: [] }
}

/** Nothing but its steps, which have been solved before. */
export function solveScan(planned: PlannedScan): Solved<FixedScan> {
  return { operator: planned as FixedScan, warnings: [] }
}
