import type { Emitter } from '../../emit/builder.js'
import type { EmitContext } from '../contexts.js'
import { emitScaling } from '../scaling/emit.js'
import type { FixedAffine } from './solve.js'

export function emitAffine(e: Emitter, operator: FixedAffine, context: EmitContext): string[] {
  return [emitScaling(e, context.integers(operator.inputs[0]!), operator)]
}
