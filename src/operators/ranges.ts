// Which integers a tensor can hold, from the operators alone: a tensor after Relu is never negative, whatever the data.

import type { QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { IntegerRange } from './types.js'

/** What is left of a width's range for positive multiples of integers in a range. */
export function signedRange([low, high]: IntegerRange, { bits }: QuantizedTensor): IntegerRange {
  const [least, most] = rangeOf(bits)
  return [low < 0 ? least : 0, high > 0 ? most : 0]
}

export function union(ranges: readonly IntegerRange[]): IntegerRange {
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))]
}
