// Additions and products over integers.

import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { product, requantize } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { FixedAdd, FixedMul } from './solve.js'

export function referenceAdd(operator: FixedAdd, [left, right]: readonly IntTensor[]): IntTensor[] {
  const [first, second] = operator.requantize
  const { q2, low, high } = operator
  return [broadcast(left!, right!, (a, b) => clip(rshift(requantize(a, first) + requantize(b, second), q2), low, high))]
}

export function referenceMul(operator: FixedMul, [left, right]: readonly IntTensor[]): IntTensor[] {
  const { multiplier, shift } = operator.requantize
  const { low, high } = operator
  return [broadcast(left!, right!, (a, b) => clip(rshift(product(a, b, multiplier), shift), low, high))]
}
