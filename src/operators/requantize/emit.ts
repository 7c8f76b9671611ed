import { finish, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { EmitContext } from '../contexts.js'
import type { FixedRequantize } from './solve.js'

export function emitRequantize(e: Emitter, operator: FixedRequantize, context: EmitContext): string[] {
  const { multiplier, shift } = operator.requantize
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  return [finish(e, requantize(e, context.integers(operator.inputs[0]!), multiplier, shift), low, high)]
}
