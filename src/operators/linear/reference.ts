import type { IntTensor } from '../../fixedpoint/types.js'
import { scaleFixed } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedLinear } from './solve.js'

export function referenceLinear(
  operator: FixedLinear,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const input = inputs[0]!
  const arithmetic = context.arithmetic(operator.inputs[0]!)
  const [depth, columns] = operator.weights.dims
  const rows = input.data.length / depth
  const data = new Int32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0
      for (let k = 0; k < depth; k++) {
        sum += input.data[row * depth + k]! * operator.weights.data[k * columns + column]!
      }
      data[row * columns + column] = scaleFixed(sum, column, operator.scaleFix, arithmetic)
    }
  }
  return [{ dims: [...input.dims.slice(0, -1), columns], data }]
}
