import { narrow, product, sum } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { requantizeFew, requantizeFewToRange } from '../../emit/roundedProduct.js'
import { shiftToRange } from '../../emit/toRange.js'
import type { EmitContext } from '../contexts.js'
import type { FixedAdd, FixedMul } from './solve.js'

export function emitAdd(e: Emitter, operator: FixedAdd, context: EmitContext): string[] {
  const addends = operator.inputs.map((name, index) =>
    narrow(e, requantizeFew(e, context.integers(name), operator.requantize[index]!)),
  )
  const total = addends.reduce((left, right) => sum(e, left, right))
  return [shiftToRange(e, total, operator.q2, operator.low, operator.high)]
}

export function emitMul(e: Emitter, operator: FixedMul, context: EmitContext): string[] {
  const [left, right] = operator.inputs.map((name) => context.integers(name))
  return [requantizeFewToRange(e, product(e, left!, right!), operator.requantize, operator.low, operator.high)]
}
