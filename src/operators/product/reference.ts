import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { sizeOf } from '../../onnx/geometry.js'
import { fits, requantize } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedProduct } from './solve.js'

export function referenceProduct(
  operator: FixedProduct,
  [left, right]: readonly IntTensor[],
  { arithmetic }: ReferenceContext,
): IntTensor[] {
  const { q0, low, high } = operator
  const { accumulatorBits } = arithmetic(operator.inputs[0]!)
  const [rows, depth] = left!.dims.slice(-2) as [number, number]
  const columns = right!.dims.at(-1)!
  // Which matrix of either side goes into each matrix of the result.
  const matrices = ({ dims }: IntTensor): IntTensor => {
    const leading = dims.slice(0, -2)
    return { dims: leading, data: Int32Array.from({ length: sizeOf(leading) }, (_, index) => index) }
  }
  const pairs: [number, number][] = []
  const { dims } = broadcast(matrices(left!), matrices(right!), (a, b) => pairs.push([a, b]))
  const data: number[] = []
  for (const [a, b] of pairs) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0
        for (let k = 0; k < depth; k++) {
          sum += left!.data[(a * rows + row) * depth + k]! * right!.data[(b * depth + k) * columns + column]!
        }
        const a0 = rshift(fits(sum, accumulatorBits, 'The sum of a product'), q0)
        data.push(clip(requantize(a0, operator.requantize), low, high))
      }
    }
  }
  return [{ dims: [...dims, rows, columns], data: Int32Array.from(data) }]
}
