import type { Emitter } from '../../emit/builder.js'
import { makeAttribute } from '../../onnx/attribute.js'
import type { EmitContext } from '../contexts.js'
import { emitParts } from '../parts.js'
import type { FixedConcat } from './solve.js'

export function emitConcat(e: Emitter, operator: FixedConcat, context: EmitContext): string[] {
  return [e.emit('Concat', emitParts(e, operator, context), [makeAttribute('axis', operator.axis)])]
}
