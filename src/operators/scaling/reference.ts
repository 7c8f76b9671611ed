import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { product } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { IntConstant, ScalingFix } from './solve.js'

export function scaled(input: IntTensor, { multiplier, offset, q1, q2, low, high }: ScalingFix): IntTensor {
  const product16 = broadcast(input, tensor(multiplier), (x, by) => rshift(product(x, by), q1))
  return broadcast(product16, tensor(offset), (x, added) => clip(rshift(x + added, q2), low, high))
}

const tensor = ({ dims, data }: IntConstant): IntTensor => ({ dims, data: Int32Array.from(data) })
