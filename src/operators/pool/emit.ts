// Pooling as ONNX nodes on float32 integers.

import { cast, FLOAT32_LIMIT, finish, type Integers, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { SquireError } from '../../errors.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import type { FixedAveragePool, FixedMaxPool } from './solve.js'

/** A maximum of floats that are integers is the maximum of the integers; padding is -Infinity. */
export function emitMaxPool(e: Emitter, { nodes, inputs }: FixedMaxPool, context: EmitContext): string[] {
  const node = nodes[0]!
  const input = context.integers(inputs[0]!).name
  const [, indices = ''] = node.output
  if (indices === '') return [e.emit(node.opType, [input], node.attribute)]
  // The indices keep their name.
  const result = e.builder.name(`${e.operator}/${node.opType}`)
  e.builder.add({ ...node, input: [input], output: [result, indices] })
  return [result]
}

/** The sum of a window is a convolution with ones; ONNX's AveragePool would round its quotients. */
export function emitAveragePool(e: Emitter, operator: FixedAveragePool, context: EmitContext): string[] {
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const input = context.integers(operator.inputs[0]!)
  const size = operator.kernelShape.reduce((total, length) => total * length, 1)
  const bound = input.bound * size
  const total = windowSum(e, operator, input, bound)
  const { dims, data } = operator.multiplier
  const multiplier = dims.length === 0 ? data[0]! : { dims, values: data }
  return [finish(e, requantize(e, total, multiplier, operator.shift), low, high)]
}

function windowSum(e: Emitter, operator: FixedAveragePool, input: Integers, bound: number): Integers {
  if (bound >= FLOAT32_LIMIT) {
    const window = operator.kernelShape.join('x')
    throw new SquireError(
      'UNSUPPORTED',
      `The window ${window} of "${operator.name}" is too large for an exact float32 sum.`,
    )
  }
  const dims = [operator.channels, 1, ...operator.kernelShape]
  const ones = new Int8Array(dims.reduce((total, length) => total * length, 1)).fill(1)
  const weights = cast(e, e.initializer('ones', DataType.INT8, dims, ones), DataType.FLOAT)
  const attributes = [
    makeAttribute('group', operator.channels),
    makeAttribute('kernel_shape', operator.kernelShape),
    makeAttribute('strides', operator.strides),
    makeAttribute('dilations', operator.dilations),
    makeAttribute('pads', operator.pads),
  ]
  return { name: e.emit('Conv', [input.name, weights], attributes), type: 'float32', bound }
}
