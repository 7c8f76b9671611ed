// PRelu with a constant slope for each channel, or of any shape that broadcasts. One slope for all is a table.

import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** y = x where x is positive, else slope * x. */
export interface PlannedPrelu extends PlannedOperator {
  readonly slope: FloatConstant
}

export function preluOf(node: NodeProto, view: GraphView): Match<PlannedPrelu> | Refusal | undefined {
  const [input, slopeName] = node.input
  if (node.opType !== 'PRelu' || !view.isActivation(input)) return undefined
  const slope = view.constant(slopeName)
  if (!slope) return { refusal: 'its slope is computed, not constant' }
  return { kind: 'prelu', nodes: [node], inputs: [input], outputs: [node.output[0]!], slope }
}
