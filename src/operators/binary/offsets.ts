// A product one of whose factors is held less a constant c: x g = (x - c) g + c g. The second term is a function of the other factor alone, a table,
// which takes in the product's own constant too. Between the product and the sum nothing is rounded to 8 bits (see plan/groups.ts).

import { makeNode } from '../../onnx/node.js'
import { addArithmetic, addClamps, areClamps, type Offsets } from '../offsets.js'
import type { PlannedBinary } from './plan.js'

export const mulOffsets: Offsets<PlannedBinary> = {
  knows: ({ inputs: [left, right], nodes: [, ...rest] }) => left !== right && areClamps(rest),
  write({ inputs, outputs, nodes }, context) {
    const [first, ...clamps] = nodes
    const output = outputs[0]!
    const factor = inputs.find((name) => context.offset(name) !== 0)!
    const other = inputs.find((name) => name !== factor)!
    const own = context.offset(output)
    const product = context.like(output, `${output}_product`)
    const scaled = context.like(other, `${output}_scaled`)
    const term = own === 0 ? scaled : context.like(other, `${output}_term`)
    context.add({ ...first!, output: [product] })
    addArithmetic('Mul', other, context.offset(factor), scaled, context)
    if (own !== 0) addArithmetic('Sub', scaled, own, term, context)
    const sum = clamps[0]?.input[0] ?? output
    context.add(makeNode('Add', [product, term], [sum], [], context.unique(`${first!.name}_add`)))
    addClamps(clamps, own, context)
  },
}
