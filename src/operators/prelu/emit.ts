import { finish, type Integers, requantize, sum } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { EmitContext } from '../contexts.js'
import type { FixedPrelu } from './solve.js'

/** The positive part times one multiplier plus the negative part times the others: one of the two is zero. */
export function emitPrelu(e: Emitter, { inputs, outputs, above, below, shift }: FixedPrelu, context: EmitContext) {
  const x = context.integers(inputs[0]!)
  const positive: Integers = { ...x, name: e.emit('Relu', [x.name]) }
  const negative: Integers = { ...x, name: e.emit('Sub', [x.name, positive.name]) }
  const { dims, data: values } = below
  const total = sum(e, requantize(e, positive, above, 0), requantize(e, negative, { dims, values }, 0))
  return [finish(e, requantize(e, total, 1, shift), ...rangeOf(context.quantized(outputs[0]!)!.bits))]
}
