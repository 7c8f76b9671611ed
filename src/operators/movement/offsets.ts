// Moved values keep their offset; what a Pad writes has it, too.

import { floatAttribute, makeAttribute, stringAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { OffsetContext, Offsets } from '../offsets.js'
import type { PlannedMovement } from './plan.js'

export const movementOffsets: Offsets<PlannedMovement> = {
  write({ nodes }, context) {
    context.add(...nodes.map((node) => (writesConstant(node) ? paddingLess(node, context) : node)))
  },
}

function writesConstant(node: NodeProto): boolean {
  return node.opType === 'Pad' && stringAttribute(node, 'mode', 'constant') === 'constant'
}

function paddingLess(node: NodeProto, context: OffsetContext): NodeProto {
  const [input = '', amounts = '', given = '', ...axes] = node.input
  const padding = given === '' ? floatAttribute(node, 'value', 0) : context.value(given)
  const value = Math.fround(padding - context.offset(input))
  if (context.opset < 11) {
    const attribute = node.attribute.filter(({ name }) => name !== 'value')
    return { ...node, attribute: [...attribute, makeAttribute('value', { float: value })] }
  }
  return { ...node, input: [input, amounts, context.scalar(`${node.output[0]}_value`, value), ...axes] }
}
