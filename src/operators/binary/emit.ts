import { finish, narrow, product, requantize, sum } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import type { EmitContext } from '../types.js'
import type { FixedAdd, FixedMul } from './solve.js'

export function emitAdd(e: Emitter, operator: FixedAdd, context: EmitContext): string[] {
  const addends = operator.inputs.map((name, index) => {
    const { multiplier, shift } = operator.requantize[index]!
    return narrow(e, requantize(e, context.integers(name), multiplier, shift))
  })
  const total = addends.reduce((left, right) => sum(e, left, right))
  return [finish(e, requantize(e, total, 1, operator.q2), operator.low, operator.high)]
}

export function emitMul(e: Emitter, operator: FixedMul, context: EmitContext): string[] {
  const [left, right] = operator.inputs.map((name) => context.integers(name))
  const { multiplier, shift } = operator.requantize
  return [finish(e, requantize(e, product(e, left!, right!), multiplier, shift), operator.low, operator.high)]
}
