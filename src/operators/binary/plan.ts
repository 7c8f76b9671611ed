// Sums, differences and products of activations.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** Two activations with numpy's broadcasting. */
export interface PlannedBinary extends PlannedOperator {
  readonly kind: 'add' | 'mul'
  /** Whether the second input is subtracted. */
  readonly negate: boolean
  readonly clamp: Clamp | undefined
}

const kinds: Readonly<Record<string, PlannedBinary['kind']>> = { Add: 'add', Sub: 'add', Sum: 'add', Mul: 'mul' }

/** The operator of one of the two kinds that starts at a node. */
export function binaryOf(
  kind: PlannedBinary['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedBinary> | Refusal | undefined {
  if (kinds[node.opType] !== kind || !node.input.some((name) => view.isActivation(name))) return undefined
  const [left, right, ...more] = node.input
  if (more.length > 0 || right === undefined) return { refusal: `it has ${node.input.length} inputs` }
  if (!view.isActivation(left) || !view.isActivation(right)) {
    return { refusal: 'its constant is neither a scalar nor one value a channel' }
  }
  const { clamp, nodes, output } = followingClamp(node.output[0]!, view)
  const negate = node.opType === 'Sub'
  return { kind, nodes: [node, ...nodes], inputs: [left, right], outputs: [output], negate, clamp }
}
