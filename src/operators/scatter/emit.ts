// The runtime adds up the integers where they meet.

import { FLOAT32_LIMIT, finish, type Integers, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import { emitWriting } from '../writing.js'
import type { FixedScatter } from './solve.js'

export function emitScatter(e: Emitter, operator: FixedScatter, context: EmitContext): string[] {
  const { writing, dims, length, q0 } = operator
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const x = context.integers(operator.inputs[0]!)
  const bound = x.bound * length
  const from = bound < FLOAT32_LIMIT ? x : toFloat64(e, x)
  const shape = e.initializer('dims', DataType.INT64, [dims.length], BigInt64Array.from(dims, BigInt))
  const zeros = e.emit('Expand', [e.scalar(from.type, 0), shape])
  const sum: Integers = { ...from, name: emitWriting(e, writing, [zeros, from.name], context), bound }
  const { multiplier, shift } = operator.requantize
  return [finish(e, requantize(e, requantize(e, sum, 1, q0), multiplier, shift), low, high)]
}
