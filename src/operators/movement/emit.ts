import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import type { PlannedMovement } from './plan.js'

/** The source's own nodes on the integers themselves; shapes and indices come from the float side. */
export function emitMovement(e: Emitter, operator: PlannedMovement, context: EmitContext): string[] {
  const { nodes, inputs, outputs, padding } = operator
  const own = new Set([...inputs, ...outputs])
  const integersOf = (name: string) => (own.has(name) ? context.integers(name).name : context.real(name))
  if (padding === undefined) context.copy(nodes, integersOf, integersOf)
  else copyPad(e, nodes[0]!, integerOf(padding, inputs[0]!, context), integersOf, context)
  return outputs.map(integersOf)
}

/** A Pad that writes an integer. The value is an input since opset 11, an attribute before. */
function copyPad(
  e: Emitter,
  node: NodeProto,
  integer: number,
  integersOf: (name: string) => string,
  context: EmitContext,
): void {
  const [, , value = ''] = node.input
  const attribute = node.attribute.map((one) =>
    one.name === 'value' ? makeAttribute('value', { float: integer }) : one,
  )
  const scalar = value === '' ? '' : e.scalar('float32', integer)
  const read = (name: string) => (value !== '' && name === value ? scalar : integersOf(name))
  context.copy([{ ...node, attribute }], read, integersOf)
}

function integerOf(real: number, tensor: string, context: EmitContext): number {
  const { scale, bits } = context.quantized(tensor)!
  const [low, high] = rangeOf(bits)
  return Math.min(high, Math.max(low, Math.round(real / scale)))
}
