// A function of one tensor: what it reads gets its offset back, what it writes loses its own. Both are part of its table.

import { addArithmetic, type Offsets } from '../offsets.js'
import type { PlannedLut } from './plan.js'

export const lutOffsets: Offsets<PlannedLut> = {
  write({ inputs, outputs, nodes }, context) {
    const [input, output] = [inputs[0]!, outputs[0]!]
    const [from, to] = [context.offset(input), context.offset(output)]
    const read = from === 0 ? input : context.like(input, `${input}_restored`)
    const written = to === 0 ? output : context.like(output, `${output}_whole`)
    if (from !== 0) addArithmetic('Add', input, from, read, context)
    const rename = (name: string) => (name === input ? read : name === output ? written : name)
    context.add(...nodes.map((node) => ({ ...node, input: node.input.map(rename), output: node.output.map(rename) })))
    if (to !== 0) addArithmetic('Sub', written, to, output, context)
  },
}
