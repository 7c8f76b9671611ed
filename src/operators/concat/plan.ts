// Concatenations of activations.

import { intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface PlannedConcat extends PlannedOperator {
  readonly axis: number
}

export function concatOf(node: NodeProto, view: GraphView): Match<PlannedConcat> | Refusal | undefined {
  if (node.opType !== 'Concat' || !view.isActivation(node.output[0])) return undefined
  if (!node.input.every((name) => view.isActivation(name))) return { refusal: 'it joins constants' }
  const axis = intAttribute(node, 'axis', 1)
  return { kind: 'concat', nodes: [node], inputs: [...node.input], outputs: [node.output[0]], axis }
}
