// Concatenations of activations, with constants among them or without.

import { intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { hasConstants, type Parts, partsOf } from '../parts.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface PlannedConcat extends PlannedOperator {
  readonly kind: 'concat' | 'concatconstant'
  readonly axis: number
  readonly parts: Parts
}

export function concatOf(
  kind: PlannedConcat['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedConcat> | Refusal | undefined {
  if (node.opType !== 'Concat' || !view.isActivation(node.output[0])) return undefined
  // A cache of earlier steps may be empty.
  const joined = node.input.filter((name) => !view.dims(name).includes(0))
  const parts = partsOf(joined, view)
  if (!parts) return { refusal: 'what it joins is neither an activation nor a constant' }
  if (hasConstants(parts) !== (kind === 'concatconstant')) return undefined
  const inputs = joined.filter((name) => view.isActivation(name))
  return { kind, nodes: [node], inputs, outputs: [node.output[0]], axis: intAttribute(node, 'axis', 1), parts }
}
