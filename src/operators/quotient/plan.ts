// Quotients of two activations.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import type { Match, PlannedOperator } from '../types.js'

/** y = a / b with numpy's broadcasting. */
export interface PlannedQuotient extends PlannedOperator {
  readonly clamp: Clamp | undefined
}

export function quotientOf(node: NodeProto, view: GraphView): Match<PlannedQuotient> | undefined {
  const [left, right] = node.input
  if (node.opType !== 'Div' || !view.isActivation(left) || !view.isActivation(right)) return undefined
  const { clamp, nodes, output } = followingClamp(node.output[0]!, view)
  return { kind: 'quotient', nodes: [node, ...nodes], inputs: [left, right], outputs: [output], clamp }
}
