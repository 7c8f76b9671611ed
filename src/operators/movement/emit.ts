import type { Emitter } from '../../emit/builder.js'
import type { EmitContext, FixedOperator } from '../types.js'

/** The source's own nodes on the integers themselves; shapes and indices come from the float side. */
export function emitMovement(_e: Emitter, { nodes, inputs, outputs }: FixedOperator, context: EmitContext): string[] {
  const own = new Set([...inputs, ...outputs])
  const integersOf = (name: string) => (own.has(name) ? context.integers(name).name : context.real(name))
  context.copy(nodes, integersOf, integersOf)
  return outputs.map(integersOf)
}
