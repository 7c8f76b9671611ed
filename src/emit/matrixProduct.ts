// Matrix products of integers.

import { FLOAT32_LIMIT, type Integers, toFloat64 } from './arithmetic.js'
import type { Emitter } from './builder.js'

/** left right; every partial sum has a magnitude of at most `bound`. */
export function matrixProduct(e: Emitter, left: Integers, right: Integers, bound: number): Integers {
  const isNarrow = bound < FLOAT32_LIMIT && left.type === 'float32' && right.type === 'float32'
  const [a, b] = isNarrow ? [left, right] : [toFloat64(e, left), toFloat64(e, right)]
  return { name: e.emit('MatMul', [a.name, b.name]), type: a.type, bound }
}

/**
 * A product in float64, ready to be multiplied: never straight into a Mul or Div, which onnxruntime would fuse into the product as a float32 factor.
 * What stands between is a Cast or, where the product is float64 itself, a Clip that clips nothing.
 */
export function unfused(e: Emitter, product: Integers): Integers {
  if (product.type === 'float32') return toFloat64(e, product)
  const bounds = [-product.bound, product.bound].map((value) => e.scalar('float64', value))
  return { ...product, name: e.emit('Clip', [product.name, ...bounds]) }
}
