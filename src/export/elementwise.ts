// Tables, additions, products, concatenations and pooling as ONNX nodes on float32 integers.

import { SquireError } from '../errors.js'
import { rangeOf } from '../fixedpoint/rounding.js'
import type { FixedAdd, FixedAveragePool, FixedConcat, FixedMul, FixedTable, Requantize } from '../fixedpoint/types.js'
import { makeAttribute } from '../onnx/attribute.js'
import { DataType, type NodeProto } from '../onnx/types.js'
import {
  cast,
  FLOAT32_LIMIT,
  finish,
  type Integers,
  narrow,
  product,
  requantize,
  sum,
  toFloat64,
} from './arithmetic.js'
import type { Emitter } from './builder.js'

function requantized(e: Emitter, x: Integers, by: Requantize): Integers {
  return requantize(e, x, by.multiplier, by.shift)
}

/**
 * GatherElements over flat indices, of which negative ones count from the end: in onnxruntime it is 6 to 10 times as fast as Gather or
 * GatherND (bench/lookup.ts).
 * (onnx's reference evaluator needs a GatherElements of its own for it: the one it has holds 64 entries at most.)
 */
export function emitTable(e: Emitter, operator: FixedTable, input: Integers): string {
  const entries = Float32Array.from(operator.table)
  const rotated = Float32Array.from([...entries.subarray(128), ...entries.subarray(0, 128)])
  const table = e.initializer('table', DataType.FLOAT, [256], rotated)
  const shape = e.emit('Shape', [input.name])
  const flat = e.emit('Reshape', [input.name, e.builder.flatShape()])
  const looked = e.emit('GatherElements', [table, cast(e, flat, DataType.INT32)], [makeAttribute('axis', 0)])
  return e.emit('Reshape', [looked, shape])
}

export function emitAdd(e: Emitter, operator: FixedAdd, left: Integers, right: Integers): string {
  const [first, second] = operator.requantize
  const total = sum(e, narrow(e, requantized(e, left, first)), narrow(e, requantized(e, right, second)))
  return finish(e, requantize(e, total, 1, operator.q2), operator.low, operator.high)
}

export function emitMul(e: Emitter, operator: FixedMul, left: Integers, right: Integers): string {
  return finish(e, requantized(e, product(e, left, right), operator.requantize), operator.low, operator.high)
}

export function emitConcat(e: Emitter, operator: FixedConcat, inputs: readonly Integers[], bits: number): string {
  const [low, high] = rangeOf(bits)
  const parts = inputs.map((input, index) => {
    const by = operator.requantize[index]
    return by === undefined ? input.name : finish(e, requantized(e, input, by), low, high)
  })
  return e.emit('Concat', parts, [makeAttribute('axis', operator.axis)])
}

/** A maximum of floats that are integers is the maximum of the integers; padding is -Infinity. */
export function emitMaxPool(e: Emitter, node: NodeProto, input: Integers): string {
  return e.emit(node.opType, [input.name], node.attribute)
}

/** The sum of a window is a convolution with ones; ONNX's AveragePool would round its quotients. */
export function emitAveragePool(e: Emitter, operator: FixedAveragePool, input: Integers, bits: number): string {
  const [low, high] = rangeOf(bits)
  const size = operator.kernelShape.reduce((total, length) => total * length, 1)
  const bound = input.bound * size
  const total = operator.global ? planeSum(e, operator, input, bound) : windowSum(e, operator, input, bound)
  return finish(e, requantized(e, total, operator.requantize), low, high)
}

function planeSum(e: Emitter, { kernelShape }: FixedAveragePool, input: Integers, bound: number): Integers {
  const from = bound < FLOAT32_LIMIT ? input : toFloat64(e, input)
  const axes = BigInt64Array.from(kernelShape, (_, axis) => BigInt(axis + 2))
  const name = e.emit('ReduceSum', [from.name, e.initializer('axes', DataType.INT64, [axes.length], axes)])
  return { name, type: from.type, bound }
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
    makeAttribute('pads', operator.pads),
  ]
  return { name: e.emit('Conv', [input.name, weights], attributes), type: 'float32', bound }
}
