import type { Offence } from '../../fixedpoint/multiplier.js'
import { type IntegerArray, integerArray } from '../../fixedpoint/width.js'
import { transposed } from '../../onnx/elements/transposed.js'
import { deadChannels, movedBias, solveAccumulation } from '../accumulation/solve.js'
import type { FixedAccumulation, Weights } from '../accumulation/types.js'
import type { SolveContext } from '../contexts.js'
import type { Solved } from '../types.js'
import { type PlannedLinear, rowsOf } from './plan.js'

/** Channels of scaleFix are the columns. */
export interface FixedLinear extends FixedAccumulation {
  /** [K, N]. */
  readonly weights: Weights<IntegerArray, readonly [number, number]>
}

export function solveLinear(planned: PlannedLinear, context: SolveContext): Solved<FixedLinear> | Offence {
  const { kind, name, nodes, inputs, outputs, weights } = planned
  const [depth, columns] = weights.dims
  const rows = rowsOf(planned)
  const solved = solveAccumulation(planned, rows, context)
  if ('offence' in solved) return solved
  const { weightBits, scaleFix, weightScales, accumulatorBound } = solved
  const data = transposed(solved.integers, columns, depth, integerArray(weightBits, depth * columns))
  const integers = {
    weights: { dims: weights.dims, data },
    weightScales,
    scaleFix,
    accumulatorBound,
    ...movedBias(planned, solved),
  }
  return { operator: { kind, name, nodes, inputs, outputs, ...integers }, warnings: deadChannels(rows) }
}

export function integerRows({ weights: { dims, data } }: FixedLinear): IntegerArray[] {
  const [depth, columns] = dims
  const all = transposed(data, depth, columns, data.slice())
  return Array.from({ length: columns }, (_, column) => all.subarray(column * depth, (column + 1) * depth))
}
