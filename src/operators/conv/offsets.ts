// Where a convolution pads an input that is held less a constant, the real zeros are written out before it. Arithmetic with one value a channel is
// written as a Mul and an Add.

import { makeAttribute } from '../../onnx/attribute.js'
import { makeNode } from '../../onnx/node.js'
import { DataType } from '../../onnx/types.js'
import { accumulationOffsets, isPlain } from '../accumulation/offsets.js'
import { addClamps, areClamps, type OffsetContext, type Offsets } from '../offsets.js'
import { channelwiseTypes, isChannelwise, type PlannedConv } from './plan.js'

const { biases, reading, bias, biasLess } = accumulationOffsets<PlannedConv>(() => true)

const pads = (operator: PlannedConv) => operator.pads.some((pad) => pad !== 0)

export const convOffsets: Offsets<PlannedConv> = {
  ...{ biases, reading, pads },
  knows: (operator) => (isChannelwise(operator) ? areClamps(clampsBehind(operator)) : isPlain(operator, ['Conv'])),
  write(operator, context) {
    if (isChannelwise(operator)) writeChannelwise(operator, context)
    else writeConv(operator, context)
  },
}

function writeConv(operator: PlannedConv, context: OffsetContext): void {
  const [first, ...rest] = operator.nodes
  const [input, output] = [operator.inputs[0]!, operator.outputs[0]!]
  const own = bias(operator, context)
  const isPadded = context.offset(input) !== 0 && pads(operator)
  const read = isPadded ? context.padded(input, operator.pads, first!.name) : input
  const others = first!.attribute.filter(({ name }) => name !== 'pads' && name !== 'auto_pad')
  const attribute = isPadded
    ? [
        ...others,
        makeAttribute(
          'pads',
          operator.pads.map(() => 0),
        ),
      ]
    : first!.attribute
  context.add({ ...first!, input: [read, first!.input[1]!, own], attribute })
  addClamps(rest, context.offset(output), context)
}

function writeChannelwise(operator: PlannedConv, context: OffsetContext): void {
  const { inputs, outputs, nodes, weights } = operator
  const [input, output] = [inputs[0]!, outputs[0]!]
  const clamps = clampsBehind(operator)
  const constant = (wish: string, values: Float32Array) =>
    context.constant(`${output}_${wish}`, DataType.FLOAT, weights.dims.slice(1).with(0, values.length), values)
  const scaled = context.like(output, `${output}_scaled`)
  const { name } = nodes[0]!
  context.add(
    makeNode('Mul', [input, constant('factor', weights.data)], [scaled], [], name),
    makeNode(
      'Add',
      [scaled, constant('term', biasLess(operator, context))],
      [clamps[0]?.input[0] ?? output],
      [],
      context.unique(`${name}_add`),
    ),
  )
  addClamps(clamps, context.offset(output), context)
}

/** The nodes that follow arithmetic with one value a channel. */
function clampsBehind({ nodes }: PlannedConv) {
  return nodes.slice(nodes.findLastIndex(({ opType }) => channelwiseTypes.has(opType)) + 1)
}
