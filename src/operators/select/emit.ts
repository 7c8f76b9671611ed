import type { Emitter } from '../../emit/builder.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import { emitParts } from '../parts.js'
import { emitWriting } from '../writing.js'
import type { Condition } from './plan.js'
import type { FixedSelect } from './solve.js'

export function emitSelect(e: Emitter, operator: FixedSelect, context: EmitContext): string[] {
  const { choice } = operator
  const parts = emitParts(e, operator, context)
  if (typeof choice === 'string') return [e.emit(choice === 'max' ? 'Max' : 'Min', parts)]
  if ('writing' in choice) return [emitWriting(e, choice.writing, parts as [string, string], context)]
  return [e.emit('Where', [conditionInput(e, choice.condition, context), ...parts])]
}

function conditionInput(e: Emitter, condition: Condition, context: EmitContext): string {
  if ('computed' in condition) return context.real(condition.computed)
  return e.initializer('condition', DataType.BOOL, condition.dims, Uint8Array.from(condition.data, Number))
}
