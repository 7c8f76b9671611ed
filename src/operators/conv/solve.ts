import type { Offence } from '../../fixedpoint/multiplier.js'
import { integerArray } from '../../fixedpoint/width.js'
import { deadChannels, movedBias, solveAccumulation } from '../accumulation/solve.js'
import type { FixedAccumulation } from '../accumulation/types.js'
import type { SolveContext, Solved } from '../types.js'
import type { Geometry, PlannedConv } from './plan.js'

/** Weights are [M, C/group, ...kernel]; channels of scaleFix are the M. */
export interface FixedConv extends FixedAccumulation, Geometry {}

export function solveConv(planned: PlannedConv, context: SolveContext): Solved<FixedConv> | Offence {
  const { kind, name, nodes, inputs, outputs, weights, group, strides, dilations, pads } = planned
  const channels = weights.dims[0]!
  const depth = weights.data.length / channels
  const rows = Array.from({ length: channels }, (_, c) => weights.data.subarray(c * depth, (c + 1) * depth))
  const solved = solveAccumulation(planned, rows, context)
  if ('offence' in solved) return solved
  const { weightBits, scaleFix, weightScales, accumulatorBound } = solved
  const data = integerArray(weightBits, weights.data.length)
  solved.rows.forEach((row, c) => {
    data.set(row, c * depth)
  })
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
