import type { Offence } from '../../fixedpoint/multiplier.js'
import type { IntegerArray } from '../../fixedpoint/width.js'
import { deadChannels, movedBias, solveAccumulation } from '../accumulation/solve.js'
import type { FixedAccumulation } from '../accumulation/types.js'
import type { SolveContext } from '../contexts.js'
import type { Solved } from '../types.js'
import { type Geometry, type PlannedConv, rowsOf } from './plan.js'

/** Weights are [M, C/group, ...kernel]; channels of scaleFix are the M. */
export interface FixedConv extends FixedAccumulation, Geometry {}

export function solveConv(planned: PlannedConv, context: SolveContext): Solved<FixedConv> | Offence {
  const { kind, name, nodes, inputs, outputs, weights, group, strides, dilations, pads } = planned
  const rows = rowsOf(planned)
  const solved = solveAccumulation(planned, rows, context)
  if ('offence' in solved) return solved
  const { integers: data, scaleFix, weightScales, accumulatorBound } = solved
  const geometry = { group, strides, dilations, pads }
  const integers = {
    weights: { dims: weights.dims, data },
    weightScales,
    scaleFix,
    accumulatorBound,
    ...movedBias(planned, solved),
  }
  return {
    operator: { kind, name, nodes, inputs, outputs, ...geometry, ...integers },
    warnings: deadChannels(rows),
  }
}

export function integerRows({ weights: { dims, data } }: FixedConv): IntegerArray[] {
  const depth = data.length / dims[0]!
  return Array.from({ length: dims[0]! }, (_, c) => data.subarray(c * depth, (c + 1) * depth))
}
