// Places in integers, with 8 bits behind the point; values keep their scale.

import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { Requantize } from '../../fixedpoint/types.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedSampling, SamplingGeometry } from './plan.js'

/** Of places. */
export const FRACTION_BITS = 8

/** Of the shares of a cube. */
export const CUBIC_BITS = 12

/**
 * Along one axis of the input: u = clip(reflected(rshift(g * multiplier, shift) + offset), low, high) of an integer g of the grid, or constants, which
 * are reflected and clipped already.
 */
export interface FixedAxis {
  readonly places: { readonly requantize: Requantize; readonly offset: number } | { readonly data: Int32Array }
  /** Where places are reflected, again and again, until they lie between both; undefined where none are. */
  readonly mirrors: readonly [first: number, last: number] | undefined
  readonly low: number
  readonly high: number
}

/**
 * With u = 2^8 i + r along an axis: y = x[i] or x[i + 1], whichever is nearer, in the middle that of the even index (constant places are whole
 * already); or, of what interpolates, y = rshift(sum over the corners of x * product over the axes of shares, bits * axes). A linear interpolation has
 * shares of 8 bits, 2^8 - r at i and r at i + 1, a cubic one those of `cubic` at i - 1 to i + 2, of 12 bits.
 */
export interface FixedSampling extends FixedOperator, SamplingGeometry {
  /** In the order of the input's axes. */
  readonly axes: readonly FixedAxis[]
  /** Of a cubic interpolation: row r has the shares of the four values around a place that lies r behind the second of them. */
  readonly cubic: Int32Array | undefined
}

const UNIT = 2 ** FRACTION_BITS

export function solveSampling(planned: PlannedSampling, context: SolveContext): Solved<FixedSampling> | Offence {
  const { aligned, places, ...operator } = planned
  const { space, method } = planned
  const axes: FixedAxis[] = []
  for (const [axis, size] of space.entries()) {
    const ends = endsOf(planned, size)
    const factor = ((aligned ? size - 1 : size) / 2) * UNIT
    const offset = ((size - 1) / 2) * UNIT
    if (places !== 'input') {
      const column = space.length - 1 - axis
      const own = places.data.filter((_, at) => at % space.length === column)
      const place =
        method === 'nearest'
          ? (value: number) => UNIT * nearestEven((value * factor + offset) / UNIT)
          : (value: number) => roundHalfAway(value * factor) + offset
      const data = Int32Array.from(own, (value) => clip(reflected(place(value), ends.mirrors), ends.low, ends.high))
      axes.push({ places: { data }, ...ends })
      continue
    }
    const requantize = requantizeBy(quantizedIn(context, planned.inputs[1]!).scale * factor, 'q0', context.chip)
    if ('offence' in requantize) return requantize
    axes.push({ places: { requantize, offset }, ...ends })
  }
  return { operator: { ...operator, axes, cubic: method === 'cubic' ? cubicShares() : undefined }, warnings: [] }
}

/** With zeros beyond the ends, places reach as far as a value has a share. */
function endsOf(
  { beyond, method, aligned }: PlannedSampling,
  size: number,
): Pick<FixedAxis, 'mirrors' | 'low' | 'high'> {
  const last = (size - 1) * UNIT
  const reach = (method === 'cubic' ? 2 : 1) * UNIT
  if (beyond === 'zeros') return { mirrors: undefined, low: -reach, high: last + reach }
  if (beyond === 'border') return { mirrors: undefined, low: 0, high: last }
  const outer = aligned ? 0 : UNIT / 2
  // A place in the outer half of a value has the value itself, but for a cube, which is as wide as four.
  const kept = method === 'cubic' ? outer : 0
  return { mirrors: [-outer, last + outer], low: -kept, high: last + kept }
}

function reflected(place: number, mirrors: FixedAxis['mirrors']): number {
  if (mirrors === undefined) return place
  const [first, last] = mirrors
  const span = last - first
  const along = (((place - first) % (2 * span)) + 2 * span) % (2 * span)
  return first + Math.min(along, 2 * span - along)
}

/** Keys' convolution with a = -3/4, as ONNX has it; the shares of a row add up to one. */
function cubicShares(): Int32Array {
  const a = -0.75
  const one = 2 ** CUBIC_BITS
  const shares = new Int32Array(4 * UNIT)
  for (let r = 0; r < UNIT; r++) {
    const t = r / UNIT
    const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1
    const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    const row = [far(t + 1), near(t), near(1 - t), far(2 - t)].map((share) => roundHalfAway(share * one))
    row[t < 0.5 ? 1 : 2]! += one - row.reduce((sum, share) => sum + share, 0)
    shares.set(row, 4 * r)
  }
  return shares
}

/** As ONNX Runtime rounds a place: between two values to the even one. */
function nearestEven(place: number): number {
  const nearest = Math.round(place)
  return Math.abs(place % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}
