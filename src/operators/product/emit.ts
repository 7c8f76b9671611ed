import { FLOAT32_LIMIT, finish, type Integers, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import type { EmitContext } from '../types.js'
import type { FixedProduct } from './solve.js'

export function emitProduct(e: Emitter, operator: FixedProduct, context: EmitContext): string[] {
  const [left, right] = operator.inputs.map((name) => context.integers(name)) as [Integers, Integers]
  const sums = sumsOf(e, left, right, operator.depth * left.bound * right.bound)
  const { multiplier, shift } = operator.requantize
  return [finish(e, requantize(e, requantize(e, sums, 1, operator.q0), multiplier, shift), operator.low, operator.high)]
}

/**
 * In float64 from here on, and never straight into a Mul or Div, which onnxruntime would fuse into the product as a float32 factor: what stands
 * between is a Cast or, where the product is float64 itself, a Clip that clips nothing.
 */
function sumsOf(e: Emitter, left: Integers, right: Integers, bound: number): Integers {
  if (bound < FLOAT32_LIMIT) {
    return toFloat64(e, { name: e.emit('MatMul', [left.name, right.name]), type: 'float32', bound })
  }
  const name = e.emit('MatMul', [toFloat64(e, left).name, toFloat64(e, right).name])
  const bounds = [-bound, bound].map((value) => e.scalar('float64', value))
  return { name: e.emit('Clip', [name, ...bounds]), type: 'float64', bound }
}
