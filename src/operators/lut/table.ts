// Functions of one tensor as tables: one entry a code for inputs of 8 bits, points to interpolate between for wider ones.

import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { QuantizedTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'

/**
 * table[i] = clip(round_half_away(f(float32(q * s_x)) / s_y * 2^fractionBits)), else in double, at the inputs q = low + i * 2^segmentBits of the
 * input's range [low, high], clipped to 2^fractionBits times the range of the output. The argument is the value that dequantizing gives: a double of 1.9999999 would have another floor than the 2 that it stands for. Where segments are longer than one input, the last point is one beyond the range.
 * Where f is not a number (Log and Sqrt below zero, which calibration never saw) the entry is that of the nearest point where it is
 * one, the lower of two. Undefined when f is nowhere a number.
 */
export function makeTable(
  f: (x: number) => number,
  input: QuantizedTensor,
  output: QuantizedTensor,
  segmentBits: number,
  fractionBits: number,
): Int16Array | undefined {
  const [first] = rangeOf(input.bits)
  const one = 2 ** fractionBits
  const [low, high] = rangeOf(output.bits).map((bound) => bound * one) as [number, number]
  const points = 2 ** (input.bits - segmentBits) + (segmentBits > 0 ? 1 : 0)
  const real = (index: number) => Math.fround((first + index * 2 ** segmentBits) * input.scale)
  const values = Array.from({ length: points }, (_, index) => f(real(index)))
  if (values.every(Number.isNaN)) return undefined
  return Int16Array.from(values, (_, index) =>
    clip(roundHalfAway((nearestNumber(values, index) / output.scale) * one), low, high),
  )
}

function nearestNumber(values: readonly number[], index: number): number {
  for (let distance = 0; ; distance++) {
    for (const candidate of [values[index - distance], values[index + distance]]) {
      if (candidate !== undefined && !Number.isNaN(candidate)) return candidate
    }
  }
}
