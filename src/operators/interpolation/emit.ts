// Interpolation as ONNX nodes on integers: a matrix product an axis.

import { finish, type Integers, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { matrixProduct, unfused } from '../../emit/matrixProduct.js'
import { makeAttribute } from '../../onnx/attribute.js'
import type { EmitContext } from '../contexts.js'
import { type FixedInterpolation, type FixedResampling, largestRow } from './solve.js'

export function emitInterpolation(e: Emitter, operator: FixedInterpolation, context: EmitContext): string[] {
  const { resamplings, rank, q0, requantize: by, low, high } = operator
  const sums = resamplings.reduce((x, one) => resample(e, x, one, rank), context.integers(operator.inputs[0]!))
  const whole = resamplings.length === 0 ? sums : unfused(e, sums)
  return [finish(e, requantize(e, requantize(e, whole, 1, q0), by.multiplier, by.shift), low, high)]
}

/** From the right along the last axis, from the left along the one before; other axes take the last one's place meanwhile. */
function resample(e: Emitter, x: Integers, one: FixedResampling, rank: number): Integers {
  const bound = x.bound * largestRow(one)
  const { axis, from, to, weights } = one
  if (axis === -2) {
    const left = e.vector('weights', 'float32', [to, from], weights)
    return matrixProduct(e, { name: left, type: 'float32', bound }, x, bound)
  }
  const columns = Array.from({ length: from * to }, (_, at) => weights[(at % to) * from + Math.floor(at / to)]!)
  const right: Integers = { name: e.vector('weights', 'float32', [from, to], columns), type: 'float32', bound }
  if (axis === -1) return matrixProduct(e, x, right, bound)
  const swapped = Array.from({ length: rank }, (_, index) => index)
  swapped[rank + axis] = rank - 1
  swapped[rank - 1] = rank + axis
  const swap = (name: string) => e.emit('Transpose', [name], [makeAttribute('perm', swapped)])
  const product = matrixProduct(e, { ...x, name: swap(x.name) }, right, bound)
  return { ...product, name: swap(product.name) }
}
