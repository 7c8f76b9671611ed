import type { Offence } from '../../fixedpoint/multiplier.js'
import { type IntegerArray, integerArray } from '../../fixedpoint/width.js'
import { deadChannels, movedBias, solveAccumulation } from '../accumulation/solve.js'
import type { FixedAccumulation, Weights } from '../accumulation/types.js'
import type { SolveContext, Solved } from '../types.js'
import type { PlannedLinear } from './plan.js'

/** Channels of scaleFix are the columns. */
export interface FixedLinear extends FixedAccumulation {
  /** [K, N]. */
  readonly weights: Weights<IntegerArray, readonly [number, number]>
}

export function solveLinear(planned: PlannedLinear, context: SolveContext): Solved<FixedLinear> | Offence {
  const { kind, name, nodes, inputs, outputs, weights } = planned
  const [depth, columns] = weights.dims
  const rows = Array.from({ length: columns }, (_, column) =>
    Float32Array.from({ length: depth }, (_, k) => weights.data[k * columns + column]!),
  )
  const solved = solveAccumulation(planned, rows, context)
  if ('offence' in solved) return solved
  const { weightBits, scaleFix, weightScales, accumulatorBound } = solved
  const data = integerArray(weightBits, weights.data.length)
  for (let at = 0; at < data.length; at++) data[at] = solved.rows[at % columns]![Math.floor(at / columns)]!
  const integers = {
    weights: { dims: weights.dims, data },
    weightScales,
    scaleFix,
    accumulatorBound,
    ...movedBias(planned, solved),
  }
  return { operator: { kind, name, nodes, inputs, outputs, ...integers }, warnings: deadChannels(rows) }
}
