// Sums, differences and products of activations.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import type { Gain, Match, PlannedOperator, Refusal } from '../types.js'

/** Activations with numpy's broadcasting: two, or any number that are added. */
export interface PlannedBinary extends PlannedOperator {
  readonly kind: 'add' | 'mul'
  /** Whether the second input is subtracted. */
  readonly negate: boolean
  /** What a sum is divided by. */
  readonly divisor: number
  readonly clamp: Clamp | undefined
}

const kinds: Readonly<Record<string, PlannedBinary['kind']>> = {
  Add: 'add',
  Mean: 'add',
  Mul: 'mul',
  Sub: 'add',
  Sum: 'add',
}

/** The operator of one of the two kinds that starts at a node. */
export function binaryOf(
  kind: PlannedBinary['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedBinary> | Refusal | undefined {
  if (kinds[node.opType] !== kind || !node.input.some((name) => view.isActivation(name))) return undefined
  if (!node.input.every((name) => view.isActivation(name))) {
    return { refusal: 'one of its inputs is neither an activation nor a constant of finite numbers' }
  }
  const { clamp, nodes, output } = followingClamp(node.output[0]!, view)
  const negate = node.opType === 'Sub'
  const divisor = node.opType === 'Mean' ? node.input.length : 1
  return { kind, nodes: [node, ...nodes], inputs: node.input, outputs: [output], negate, divisor, clamp }
}

export function addGains({ inputs, negate, divisor }: PlannedBinary): Gain[] {
  return inputs.map((_, i) => ({ constant: (negate && i === 1 ? -1 : 1) / divisor, noise: 1 / divisor ** 2 }))
}
