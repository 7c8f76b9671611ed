// Which integers a tensor can hold, from the operators alone: a tensor after Relu is never negative, whatever the data.

import { rangeOf } from './rounding.js'
import type { FixedOperator, QuantizedTensor } from './types.js'

export type IntegerRange = readonly [low: number, high: number]

/** The range of an operator's integer outputs, given its inputs' ranges. */
export function outputRange(
  operator: FixedOperator,
  inputs: readonly IntegerRange[],
  output: QuantizedTensor,
): IntegerRange {
  switch (operator.kind) {
    case 'conv':
    case 'matmul':
      return [operator.scaleFix.low, operator.scaleFix.high]
    case 'add':
    case 'mul':
      return [operator.low, operator.high]
    case 'table':
      return union([...operator.table].map((value) => [value, value]))
    case 'concat':
      return union(inputs.map((range, index) => (operator.requantize[index] ? signedRange(range, output) : range)))
    case 'averagepool':
      return signedRange(inputs[0]!, output)
    case 'maxpool':
      return inputs[0]!
    case 'shape':
      // Padding may add zeros.
      return union([inputs[0]!, [0, 0]])
    case 'software':
      return rangeOf(output.bits)
  }
}

/** What is left of a width's range for positive multiples of integers in a range. */
function signedRange([low, high]: IntegerRange, { bits }: QuantizedTensor): IntegerRange {
  const [least, most] = rangeOf(bits)
  return [low < 0 ? least : 0, high > 0 ? most : 0]
}

function union(ranges: readonly IntegerRange[]): IntegerRange {
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))]
}
