import { finish, type Integers, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { matrixProduct, unfused } from '../../emit/matrixProduct.js'
import type { EmitContext } from '../contexts.js'
import type { FixedProduct } from './solve.js'

export function emitProduct(e: Emitter, operator: FixedProduct, context: EmitContext): string[] {
  const [left, right] = operator.inputs.map((name) => context.integers(name)) as [Integers, Integers]
  const sums = unfused(e, matrixProduct(e, left, right, operator.depth * left.bound * right.bound))
  const { multiplier, shift } = operator.requantize
  return [finish(e, requantize(e, requantize(e, sums, 1, operator.q0), multiplier, shift), operator.low, operator.high)]
}
