// Sums are requantized with the factor of a mean in the multiplier; extremes are taken on integers as they are.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { QuantizedTensor, Requantize } from '../../fixedpoint/types.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import { signedRange } from '../ranges.js'
import type { FixedOperator, IntegerRange, Solved } from '../types.js'
import type { Addend, PlannedExtreme, PlannedSum, Reduction } from './plan.js'

/**
 * y = clip(rshift(rshift(t, q0) * multiplier, shift)), t the sum of x, |x| or x^2, or the root floor(sqrt(4^rootBits sum v^2)) of v = rshift(x, inputShift).
 * q0 is 0 where t has 34 bits or fewer, as on 8-bit inputs.
 */
export interface FixedSum extends FixedOperator, Reduction {
  readonly addend: Addend
  readonly length: number
  /** The least with which a sum of squares under a root stays below 2^32: 0 on inputs of 8 bits, and on two of 16. */
  readonly inputShift: number
  /** Bits behind the point of a root. */
  readonly rootBits: number
  readonly q0: number
  readonly requantize: Requantize
}

export interface FixedExtreme extends FixedOperator, Reduction {
  readonly extreme: PlannedExtreme['extreme']
}

/** What the multiplier takes. */
const LARGEST_SUM_BITS = 34
/** Of a sum of squares under a root, as in a normalization. */
const SQUARES_BITS = 32
/** Roots of larger numbers are not exact in float64. */
const LARGEST_RADICAND_BITS = 51

export function solveSum({ factor, ...planned }: PlannedSum, context: SolveContext): Solved<FixedSum> | Offence {
  const { addend, length } = planned
  const from = quantizedIn(context, planned.inputs[0]!)
  const to = quantizedIn(context, planned.outputs[0]!)
  const root = addend === 'norm' ? rootOf(length, from.bits) : { inputShift: 0, rootBits: 0 }
  const reach = length * 2 ** ((from.bits - 1) * (addend === 'square' ? 2 : 1))
  const accumulatorBits = context.chip.accumulators[from.bits]?.accumulatorBits
  if (addend !== 'norm' && reach >= 2 ** (accumulatorBits! - 1))
    return { offence: `its sum can reach ${reach}, beyond ${accumulatorBits} bits` }
  const q0 = addend === 'norm' ? 0 : Math.max(0, Math.ceil(Math.log2(reach)) - LARGEST_SUM_BITS)
  const unit = addend === 'square' ? from.scale ** 2 : from.scale * 2 ** (root.inputShift - root.rootBits)
  const requantize = requantizeBy((unit * factor * 2 ** q0) / to.scale, 'q2', context.chip)
  return 'offence' in requantize ? requantize : { operator: { ...planned, ...root, q0, requantize }, warnings: [] }
}

function rootOf(length: number, bits: number): { inputShift: number; rootBits: number } {
  const squareBits = (bits - 1) * 2
  const lengthBits = Math.log2(length)
  const inputShift = Math.max(0, Math.floor((squareBits + lengthBits - SQUARES_BITS) / 2) + 1)
  const reachBits = Math.ceil(squareBits + lengthBits) - 2 * inputShift
  return { inputShift, rootBits: Math.floor((LARGEST_RADICAND_BITS - reachBits) / 2) }
}

export function solveExtreme(planned: PlannedExtreme): Solved<FixedExtreme> {
  return { operator: planned, warnings: [] }
}

export function sumRanges(
  { addend }: FixedSum,
  [input]: readonly IntegerRange[],
  [output]: readonly QuantizedTensor[],
): IntegerRange[] {
  return [signedRange(addend === 'element' ? input! : [0, 1], output!)]
}
