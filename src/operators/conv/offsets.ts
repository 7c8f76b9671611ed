// Where a convolution pads an input that is held less a constant, the real zeros are written out before it.

import { makeAttribute } from '../../onnx/attribute.js'
import { accumulationOffsets, isPlain } from '../accumulation/offsets.js'
import { addClamps, type Offsets } from '../offsets.js'
import type { PlannedConv } from './plan.js'

const { biases, reading, bias } = accumulationOffsets<PlannedConv>(() => true)

const pads = (operator: PlannedConv) => operator.pads.some((pad) => pad !== 0)

export const convOffsets: Offsets<PlannedConv> = {
  ...{ biases, reading, pads },
  knows: (operator) => isPlain(operator, ['Conv']),
  write(operator, context) {
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
  },
}
