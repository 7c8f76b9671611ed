import { sizeOf } from '../../fixedpoint/geometry.js'
import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../types.js'
import type { FixedConcat } from './solve.js'

export function referenceConcat(
  operator: FixedConcat,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low, high] = rangeOf(context.bits(operator.outputs[0]!))
  const first = inputs[0]!
  const axis = operator.axis < 0 ? operator.axis + first.dims.length : operator.axis
  const rows = sizeOf(first.dims.slice(0, axis))
  const parts: number[] = []
  for (let row = 0; row < rows; row++) {
    inputs.forEach((input, index) => {
      const fix = operator.requantize[index]
      const length = input.data.length / rows
      for (let at = row * length; at < (row + 1) * length; at++) {
        const x = input.data[at]!
        parts.push(fix === undefined ? x : clip(requantize(x, fix), low, high))
      }
    })
  }
  const total = inputs.reduce((sum, input) => sum + input.dims[axis]!, 0)
  return [{ dims: first.dims.map((size, at) => (at === axis ? total : size)), data: Int32Array.from(parts) }]
}
