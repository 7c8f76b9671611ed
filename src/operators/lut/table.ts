// Functions of one tensor as tables: one entry a code for inputs of 8 bits, points to interpolate between for wider ones.

import { clip, roundHalfEven } from '../../fixedpoint/rounding.js'
import type { QuantizedTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'

/** What counts as a half of a unit: scales and factors in float32 put a value of some hundred units this far beside the half that is meant. */
const HALF_TOLERANCE = 2 ** -14

/**
 * table[i] = clip(round_half_even(f(float32(points[i] * s_x)) / s_y * 2^fractionBits)), else in double, clipped to 2^fractionBits times the range
 * of the output. A HardSigmoid from [-3, 3] to [0, 1] makes a half of every other code: halves away from zero would add a quarter of a step, on average,
 * to the gates of every squeeze-and-excite. The argument is the value that dequantizing gives: a double of 1.9999999 would have another floor than the 2 that it stands for.
 * Where f is not a number (Log and Sqrt below zero, which calibration never saw) the entry is that of the nearest point where it is
 * one, the lower of two. Undefined when f is nowhere a number.
 * @param points inputs
 */
export function makeTable(
  f: (x: number) => number,
  points: readonly number[],
  input: QuantizedTensor,
  output: QuantizedTensor,
  fractionBits: number,
): Int16Array | undefined {
  const one = 2 ** fractionBits
  const [low, high] = rangeOf(output.bits)
  const values = points.map((point) => f(Math.fround(point * input.scale)))
  const known = points.flatMap((point, index) =>
    Number.isNaN(values[index]) ? [] : [{ point, value: values[index]! }],
  )
  if (known.length === 0) return undefined
  const valueAt = (index: number) => {
    const value = values[index]!
    return Number.isNaN(value) ? nearest(known, points[index]!) : value
  }
  return Int16Array.from(points, (_, index) =>
    clip(roundHalfEven((valueAt(index) / output.scale) * one, HALF_TOLERANCE), low * one, high * one),
  )
}

interface Known {
  readonly point: number
  readonly value: number
}

function nearest(known: readonly Known[], point: number): number {
  const distance = (one: Known) => Math.abs(one.point - point)
  return known.reduce((best, one) =>
    distance(one) < distance(best) || (distance(one) === distance(best) && one.point < best.point) ? one : best,
  ).value
}
