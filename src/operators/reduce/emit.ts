// Reductions as ONNX nodes on float32 integers. The root is exact: below a square m^2 the root of an integer N < 2^52 is at least 1 / (2 m) below
// m, and float64 rounds it by less than half of that.

import {
  FLOAT32_LIMIT,
  finish,
  type Integers,
  product,
  requantize,
  shiftRight,
  toFloat64,
} from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { reduce } from '../../emit/reduce.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { EmitContext } from '../contexts.js'
import type { Addend } from './plan.js'
import type { FixedExtreme, FixedSum } from './solve.js'

export function emitSum(e: Emitter, operator: FixedSum, context: EmitContext): string[] {
  const { length, addend, inputShift, rootBits, q0 } = operator
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const each = addends(e, shiftRight(e, context.integers(operator.inputs[0]!), inputShift), addend)
  const bound = each.bound * length
  const from = bound < FLOAT32_LIMIT ? each : toFloat64(e, each)
  const sum: Integers = { ...from, name: reduce(e, 'ReduceSum', from.name, operator, context.opset), bound }
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

/** An extreme of floats that are integers is the extreme of the integers. */
export function emitExtreme(e: Emitter, operator: FixedExtreme, context: EmitContext): string[] {
  const opType = operator.extreme === 'max' ? 'ReduceMax' : 'ReduceMin'
  return [reduce(e, opType, context.integers(operator.inputs[0]!).name, operator, context.opset)]
}
