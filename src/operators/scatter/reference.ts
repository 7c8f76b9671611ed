import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { sizeOf } from '../../onnx/geometry.js'
import { fits, requantize } from '../../oracle/arithmetic.js'
import { written } from '../../oracle/writing.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedScatter } from './solve.js'

/** Throws Error for computed places: they are not among the integers. */
export function referenceScatter(
  operator: FixedScatter,
  [input]: readonly IntTensor[],
  { arithmetic, bits }: ReferenceContext,
): IntTensor[] {
  const { writing, dims, q0 } = operator
  const [low, high] = rangeOf(bits(operator.outputs[0]!))
  const { accumulatorBits } = arithmetic(operator.inputs[0]!)
  const sums = written(writing, [{ dims, data: new Int32Array(sizeOf(dims)) }, input!])
  const data = sums.data.map((sum) =>
    clip(requantize(rshift(fits(sum, accumulatorBits, 'A sum'), q0), operator.requantize), low, high),
  )
  return [{ dims, data }]
}
