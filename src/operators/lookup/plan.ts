// Values of a constant table, by indices or conditions that are fed or computed: embeddings, one-hot codes, conditions as numbers.

import { intAttribute } from '../../onnx/attribute.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator } from '../types.js'

/** It has no inputs: indices stay on the float side, where the node reads them. */
export interface PlannedLookup extends PlannedOperator {
  /** Rows of a Gather; of a OneHot, and of a condition as one of two numbers, the values off and on. */
  readonly table: FloatConstant
}

export function lookupOf(node: NodeProto, view: GraphView): Match<PlannedLookup> | undefined {
  const output = node.output[0]
  if (!view.isActivation(output)) return undefined
  const table = tableOf(node, view)
  return table && { kind: 'lookup', nodes: [node], inputs: [], outputs: [output], table }
}

function tableOf(node: NodeProto, view: GraphView): FloatConstant | undefined {
  const [first, second, third] = node.input
  switch (node.opType) {
    case 'Gather':
      return view.isActivation(second) ? undefined : view.constant(first)
    case 'OneHot':
      return view.isActivation(first) || view.scalar(second) === undefined ? undefined : view.constant(third)
    case 'Cast': {
      const toFloat = intAttribute(node, 'to', 0) === DataType.FLOAT
      return toFloat && view.isCondition(first) ? { dims: [2], data: Float32Array.of(0, 1) } : undefined
    }
    case 'Where': {
      const [on, off] = [view.scalar(second), view.scalar(third)]
      if (!view.isCondition(first) || on === undefined || off === undefined) return undefined
      const isWhole = String(view.dims(first)) === String(view.dims(node.output[0]!))
      return isWhole ? { dims: [2], data: Float32Array.of(off, on) } : undefined
    }
    default:
      return undefined
  }
}
