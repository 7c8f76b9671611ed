import { finish, type Integers, requantize, shiftBy } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import type { IntConstant, ScalingFix } from './solve.js'

export function emitScaling(e: Emitter, x: Integers, { multiplier, offset, q1, q2, low, high }: ScalingFix): string {
  const scaled = requantize(e, x, factor(multiplier), q1)
  return finish(e, requantize(e, shiftBy(e, scaled, factor(offset)), 1, q2), low, high)
}

const factor = ({ dims, data }: IntConstant) => ({ dims, values: data })
