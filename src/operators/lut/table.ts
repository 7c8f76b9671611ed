// Unary functions as 256-entry tables.

import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { QuantizedTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'

/**
 * table[q + 128] = clip(round_half_away(f(q * s_x) / s_y)), in double. Where f is not a number (Log and Sqrt below zero,
 * which calibration never saw) the entry is that of the nearest input where it is one, the lower of two.
 * Undefined when f is nowhere a number.
 */
export function makeTable(
  f: (x: number) => number,
  input: QuantizedTensor,
  output: QuantizedTensor,
): Int16Array | undefined {
  const [first, last] = rangeOf(input.bits)
  const [low, high] = rangeOf(output.bits)
  const values = Array.from({ length: last - first + 1 }, (_, index) => f((first + index) * input.scale))
  if (values.every(Number.isNaN)) return undefined
  return Int16Array.from(values, (_, index) =>
    clip(roundHalfAway(nearestNumber(values, index) / output.scale), low, high),
  )
}

function nearestNumber(values: readonly number[], index: number): number {
  for (let distance = 0; ; distance++) {
    for (const candidate of [values[index - distance], values[index + distance]]) {
      if (candidate !== undefined && !Number.isNaN(candidate)) return candidate
    }
  }
}
