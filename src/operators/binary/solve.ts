// Sums and products of two activations in integers.

import { type Offence, requantizeBy, shiftBelow, shiftOffence } from '../../fixedpoint/multiplier.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedBinary } from './plan.js'

/** y = clip(rshift(rq(a) + rq(b) + ..., q2)): all inputs at the output's scale times 2^-q2, their sum in 32 bits. */
export interface FixedAdd extends FixedOperator, Bounds {
  /** The second multiplier is negative for a subtraction. */
  readonly requantize: readonly Requantize[]
  readonly q2: number
}

/** y = clip(rshift(a * b * multiplier, shift)). */
export interface FixedMul extends FixedOperator, Bounds {
  readonly requantize: Requantize
}

export function solveAdd(planned: PlannedBinary, context: SolveContext): Solved<FixedAdd> | Offence {
  const { kind, name, nodes, inputs, outputs, negate, divisor, clamp } = planned
  const { chip } = context
  const to = quantizedIn(context, outputs[0]!)
  const from = inputs.map((input) => quantizedIn(context, input))
  const factors = from.map(({ scale }) => scale / (to.scale * divisor))
  // The finest common scale at which the largest multiplier still fits, and the sum of all inputs.
  const limit = Math.min(rangeOf(chip.multiplierBits)[1], largestFactor(from))
  const q2 = shiftBelow(Math.max(...factors), limit, chip.qRange[1])
  if (q2 < chip.qRange[0]) return shiftOffence('q2', q2, chip)
  const requantize: Requantize[] = []
  for (const [index, factor] of factors.entries()) {
    const by = requantizeBy(factor * 2 ** q2 * (negate && index === 1 ? -1 : 1), `q${Math.min(index, 1)}`, chip)
    if ('offence' in by) return by
    requantize.push(by)
  }
  return { operator: { kind, name, nodes, inputs, outputs, requantize, q2, ...boundsOf(to, clamp) }, warnings: [] }
}

/** The largest whole number by which all addends may be multiplied at once so that 32 bits hold their sum. */
function largestFactor(addends: readonly QuantizedTensor[]): number {
  const reach = addends.reduce((sum, { bits }) => sum + 2 ** (bits - 1), 0)
  return Math.floor((2 ** 31 - 1) / reach)
}

export function solveMul(planned: PlannedBinary, context: SolveContext): Solved<FixedMul> | Offence {
  const { kind, name, nodes, inputs, outputs, clamp } = planned
  const to = quantizedIn(context, outputs[0]!)
  const [left, right] = inputs.map((input) => quantizedIn(context, input).scale) as [number, number]
  const requantize = requantizeBy((left * right) / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  return { operator: { kind, name, nodes, inputs, outputs, requantize, ...boundsOf(to, clamp) }, warnings: [] }
}
