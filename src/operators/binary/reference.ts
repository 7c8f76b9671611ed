// Additions and products over integers.

import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { product, requantize } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { FixedAdd, FixedMul } from './solve.js'

export function referenceAdd(operator: FixedAdd, inputs: readonly IntTensor[]): IntTensor[] {
  const { q2, low, high } = operator
  const addends = inputs.map(
    ({ dims, data }, index): IntTensor => ({
      dims,
      data: data.map((x) => requantize(x, operator.requantize[index]!)),
    }),
  )
  const { dims, data } = addends.reduce((left, right) => broadcast(left, right, (a, b) => a + b))
  return [{ dims, data: data.map((total) => clip(rshift(total, q2), low, high)) }]
}

export function referenceMul(operator: FixedMul, [left, right]: readonly IntTensor[]): IntTensor[] {
  const { multiplier, shift } = operator.requantize
  const { low, high } = operator
  return [broadcast(left!, right!, (a, b) => clip(rshift(product(a, b, multiplier), shift), low, high))]
}
