// What runs in float, between a dequantize and a quantize ("software", the vendor calls it), or does not touch activations at all:
// Shape, Cast of shapes, integer arithmetic.

import { readsDimsOnly } from '../../onnx/operators.js'
import type { NodeProto } from '../../onnx/types.js'
import { type GraphView, outerInputsOf } from '../../plan/view.js'
import type { Match, PlannedOperator } from '../types.js'
import { floatReason } from './reasons.js'

/** Its inputs are all tensors that its nodes and their subgraphs read from outside, initializers aside, integers or not. */
export interface PlannedFallback extends PlannedOperator {
  /** Why it is not on the chip, for people; undefined for nodes that compute shapes only, and for what makes an input its integers. */
  readonly reason: string | undefined
}

export function fallbackOf(node: NodeProto, view: GraphView, reason = floatReason(node)): Match<PlannedFallback> {
  const inputs = outerInputsOf([node], view)
  const outputs = node.output.filter((name) => name !== '')
  const touched = readsDimsOnly(node) ? [] : [...inputs, ...outputs]
  const isTouching = touched.some((name) => view.isActivation(name))
  const isVarying = touched.some((name) => view.isVarying(name))
  const why = isTouching ? reason : isVarying ? 'how many values it gets depends on the data' : undefined
  return { kind: 'fallback', nodes: [node], inputs, outputs, reason: why }
}

/** An operator that the chip could run, in float all the same. */
export function inFloat(
  { name, nodes, outputs }: PlannedOperator,
  view: GraphView,
  reason: string | undefined,
): PlannedFallback {
  return { kind: 'fallback', name, nodes, inputs: outerInputsOf(nodes, view), outputs, reason }
}
