// What a concat reads with another offset than its output's gets a table before it.

import { addArithmetic, type Offsets } from '../offsets.js'
import type { PlannedConcat } from './plan.js'

export const concatOffsets: Offsets<PlannedConcat> = {
  write({ inputs, outputs, nodes: [node] }, context) {
    const to = context.offset(outputs[0]!)
    const read = new Map(
      [...new Set(inputs)].map((input) => {
        const from = context.offset(input)
        if (from === to) return [input, input] as const
        const moved = context.like(input, `${input}_of_${outputs[0]}`)
        addArithmetic('Add', input, Math.fround(from - to), moved, context)
        return [input, moved] as const
      }),
    )
    context.add({ ...node!, input: node!.input.map((input) => read.get(input)!) })
  },
}
