import type { Offence } from '../../fixedpoint/multiplier.js'
import { deadChannels, solveAccumulation } from '../accumulation/solve.js'
import type { FixedAccumulation, Weights } from '../accumulation/types.js'
import type { SolveContext, Solved } from '../types.js'
import type { PlannedLinear } from './plan.js'

/** Channels of scaleFix are the columns. */
export interface FixedLinear extends FixedAccumulation {
  /** int8 [K, N]. */
  readonly weights: Weights<Int8Array, readonly [number, number]>
}

export function solveLinear(planned: PlannedLinear, context: SolveContext): Solved<FixedLinear> | Offence {
  const { kind, name, nodes, inputs, outputs, weights } = planned
  const [depth, columns] = weights.dims
  const rows = Array.from({ length: columns }, (_, column) =>
    Float32Array.from({ length: depth }, (_, k) => weights.data[k * columns + column]!),
  )
  const solved = solveAccumulation(planned, rows, context)
  if ('offence' in solved) return solved
  const { scaleFix, weightScales, accumulatorBound } = solved
  const data = Int8Array.from(weights.data, (_, at) => solved.rows[at % columns]![Math.floor(at / columns)]!)
  const integers = { weights: { dims: weights.dims, data }, weightScales, scaleFix, accumulatorBound }
  return { operator: { kind, name, nodes, inputs, outputs, ...integers }, warnings: deadChannels(rows) }
}
