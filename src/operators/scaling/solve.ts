// Scaling by constants in integers: a multiplier and an offset of 16 bits for each element of the constants.

import { type Offence, shiftBelow, shiftOffence } from '../../fixedpoint/multiplier.js'
import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { ChipProfile } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { FloatConstant } from '../../plan/view.js'
import { isMasked } from '../masks.js'

export interface IntConstant {
  readonly dims: readonly number[]
  readonly data: Int16Array
}

/** y = clip(rshift(rshift(x * multiplier, q1) + offset, q2)), multiplier and offset broadcast over x. */
export interface ScalingFix extends Bounds {
  readonly multiplier: IntConstant
  readonly offset: IntConstant
  readonly q1: number
  readonly q2: number
}

/** In real units. */
export interface RealScaling {
  readonly factor: FloatConstant
  /** What one unit of x is worth, in output steps, before the factor. */
  readonly unit: number
  readonly offset: FloatConstant
  readonly outputScale: number
  /** The largest magnitude of x. */
  readonly reach: number
}

export function solveScaling(real: RealScaling, bounds: Bounds, chip: ChipProfile): ScalingFix | Offence {
  // From there on, whatever x is but zero, the output is at a bound; an offset may bring it back.
  const farthest = real.offset.data.every((value) => value === 0) ? 2 * (bounds.high - bounds.low) + 2 : Infinity
  const steps = Float64Array.from(real.factor.data, (value) => clip(value * real.unit, -farthest, farthest))
  const largestStep = steps.reduce((most, step) => Math.max(most, Math.abs(step)), 0)
  // Beyond this offset the output is at its bound whatever x is.
  const limit = bounds.high - bounds.low + real.reach * largestStep + 2
  const offsets = Float64Array.from(real.offset.data, (value) => clip(value / real.outputScale, -limit, limit))
  const largestOffset = offsets.reduce((most, offset) => Math.max(most, Math.abs(offset)), 0)
  const total = shiftBelow(largestStep, rangeOf(chip.multiplierBits)[1], 2 * chip.qRange[1])
  const q2 = Math.min(total, shiftBelow(largestOffset, rangeOf(chip.biasBits)[1], chip.qRange[1]))
  if (q2 < chip.qRange[0]) return shiftOffence('q2', q2, chip)
  const q1 = Math.min(total - q2, chip.qRange[1])
  const rounded = ({ dims }: FloatConstant, values: Float64Array, power: number): IntConstant => ({
    dims,
    data: Int16Array.from(values, (value) => roundHalfAway(value * 2 ** power)),
  })
  return {
    multiplier: rounded(real.factor, steps, q1 + q2),
    offset: rounded(real.offset, offsets, q2),
    q1,
    q2,
    low: bounds.low,
    high: bounds.high,
  }
}

export function largestOffset({ offset }: { readonly offset: FloatConstant }): number {
  return offset.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

/** Whether it writes minus infinity as a product, or as a sum. */
export function scalesToMask({ factor, offset }: Pick<RealScaling, 'factor' | 'offset'>): boolean {
  return [factor, offset].some(({ data }) => data.some(isMasked))
}

export function scalingParameters({ multiplier, offset, q1, q2, low, high }: ScalingFix): Record<string, unknown> {
  return { q1, q2, multiplier: [...multiplier.data], offset: [...offset.data], low, high }
}
