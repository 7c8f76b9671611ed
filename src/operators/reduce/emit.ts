// Reductions as ONNX nodes on float32 integers. The root is exact: below a square m^2 the root of an integer N < 2^52 is at least 1 / (2 m) below
// m, and float64 rounds it by less than half of that.

import { FLOAT32_LIMIT, finish, type Integers, product, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import type { Addend, Reduction } from './plan.js'
import type { FixedExtreme, FixedSum } from './solve.js'

export function emitSum(e: Emitter, operator: FixedSum, context: EmitContext): string[] {
  const { length, addend, rootBits, q0 } = operator
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const each = addends(e, context.integers(operator.inputs[0]!), addend)
  const bound = each.bound * length
  const from = bound < FLOAT32_LIMIT ? each : toFloat64(e, each)
  const name = e.emit('ReduceSum', [from.name, axesInput(e, operator)], [keepDims(operator)])
  const sum: Integers = { name, type: from.type, bound }
  const total = addend === 'norm' ? root(e, sum, rootBits) : requantize(e, sum, 1, q0)
  const { multiplier, shift } = operator.requantize
  return [finish(e, requantize(e, total, multiplier, shift), low, high)]
}

function addends(e: Emitter, x: Integers, addend: Addend): Integers {
  if (addend === 'element') return x
  return addend === 'magnitude' ? { ...x, name: e.emit('Abs', [x.name]) } : product(e, x, x)
}

/** floor(sqrt(4^bits x)) */
function root(e: Emitter, x: Integers, bits: number): Integers {
  const radicand = e.emit('Mul', [toFloat64(e, x).name, e.scalar('float64', 4 ** bits)])
  const name = e.emit('Floor', [e.emit('Sqrt', [radicand])])
  return { name, type: 'float64', bound: Math.ceil(Math.sqrt(x.bound) * 2 ** bits) }
}

/** An extreme of floats that are integers is the extreme of the integers. Axes are an input since opset 18. */
export function emitExtreme(e: Emitter, operator: FixedExtreme, context: EmitContext): string[] {
  const { name } = context.integers(operator.inputs[0]!)
  const opType = operator.extreme === 'max' ? 'ReduceMax' : 'ReduceMin'
  if (context.opset >= 18) return [e.emit(opType, [name, axesInput(e, operator)], [keepDims(operator)])]
  return [e.emit(opType, [name], [makeAttribute('axes', operator.axes), keepDims(operator)])]
}

function axesInput(e: Emitter, { axes }: Reduction): string {
  return e.initializer('axes', DataType.INT64, [axes.length], BigInt64Array.from(axes, BigInt))
}

function keepDims(reduction: Reduction) {
  return makeAttribute('keepdims', reduction.keepDims ? 1 : 0)
}
