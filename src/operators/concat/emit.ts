import { finish, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import type { EmitContext } from '../types.js'
import type { FixedConcat } from './solve.js'

export function emitConcat(e: Emitter, operator: FixedConcat, context: EmitContext): string[] {
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const parts = operator.inputs.map((name, index) => {
    const input = context.integers(name)
    const by = operator.requantize[index]
    return by === undefined ? input.name : finish(e, requantize(e, input, by.multiplier, by.shift), low, high)
  })
  return [e.emit('Concat', parts, [makeAttribute('axis', operator.axis)])]
}
