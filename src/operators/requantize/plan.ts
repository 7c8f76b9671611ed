// Where widths meet: a tensor of integers that some operators read in fewer bits. The plan puts these in, no float node asks for them.

import type { PlannedOperator } from '../types.js'

/** From `input` to a tensor `output` that the float graph does not have. */
export function requantizeTo(input: string, output: string): PlannedOperator {
  return { kind: 'requantize', name: output, nodes: [], inputs: [input], outputs: [output] }
}
