// Places in integers, with 8 bits behind the point; values keep their scale.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, SolveContext, Solved } from '../types.js'
import type { PlannedSampling, SamplingGeometry } from './plan.js'

/** Of places. */
export const FRACTION_BITS = 8

/** Along one axis of the input: u = clip(rshift(g * multiplier, shift) + offset, low, high) of an integer g of the grid, or constants. */
export interface FixedAxis {
  readonly places: { readonly requantize: Requantize; readonly offset: number } | { readonly data: Int32Array }
  readonly low: number
  readonly high: number
}

/**
 * With u = 2^8 i + r along an axis: y = x[i] or x[i + 1], whichever is nearer, in the middle that of the even index (constant places are whole already); or, of what interpolates,
 * y = rshift(sum over the corners of x * product over the axes of (2^8 - r at i, r at i + 1), 8 * axes).
 */
export interface FixedSampling extends FixedOperator, SamplingGeometry {
  /** In the order of the input's axes. */
  readonly axes: readonly FixedAxis[]
}

export function solveSampling(planned: PlannedSampling, context: SolveContext): Solved<FixedSampling> | Offence {
  const { aligned, places, ...operator } = planned
  const { space, beyond } = planned
  const unit = 2 ** FRACTION_BITS
  const axes: FixedAxis[] = []
  for (const [axis, size] of space.entries()) {
    // From one place before the first value to one behind the last, where zeros lie; or from the first to the last.
    const [low, high] = beyond === 'zeros' ? [-unit, size * unit] : [0, (size - 1) * unit]
    const factor = ((aligned ? size - 1 : size) / 2) * unit
    const offset = ((size - 1) / 2) * unit
    if (places !== 'input') {
      const column = space.length - 1 - axis
      const own = places.data.filter((_, at) => at % space.length === column)
      const place = planned.interpolates
        ? (value: number) => roundHalfAway(value * factor) + offset
        : (value: number) => unit * nearestEven((value * factor + offset) / unit)
      const data = Int32Array.from(own, (value) => clip(place(value), low, high))
      axes.push({ places: { data }, low, high })
      continue
    }
    const requantize = requantizeBy(quantizedIn(context, planned.inputs[1]!).scale * factor, 'q0', context.chip)
    if ('offence' in requantize) return requantize
    axes.push({ places: { requantize, offset }, low, high })
  }
  return { operator: { ...operator, axes }, warnings: [] }
}

/** As ONNX Runtime rounds a place: between two values to the even one. */
function nearestEven(place: number): number {
  const nearest = Math.round(place)
  return Math.abs(place % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}
