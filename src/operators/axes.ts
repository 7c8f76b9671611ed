// The axes that a reducing node runs over.

import { intAttribute, intsAttribute } from '../onnx/attribute.js'
import { tensorData } from '../onnx/tensor.js'
import type { NodeProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'

/**
 * Not negative, ascending; all axes where the node names none. Axes are an attribute, or an input since opset 13 (ReduceSum) and 18.
 * Undefined where they are computed, or where the node reduces nothing.
 */
export function reducedAxes(node: NodeProto, view: GraphView): readonly number[] | undefined {
  const [input = '', axesName = ''] = node.input
  const rank = view.dims(input).length
  const given = axesName === '' ? intsAttribute(node, 'axes', []) : constantAxes(axesName, view)
  if (given === undefined) return undefined
  if (given.length === 0) {
    return intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? undefined : Array.from({ length: rank }, (_, i) => i)
  }
  return given.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
}

function constantAxes(name: string, view: GraphView): readonly number[] | undefined {
  const tensor = view.index.initializer(name)
  return tensor && Array.from(tensorData(tensor), Number)
}

/** The axes of a node that keeps the dims it reduces, counted from the last one, which is -1. */
export function keptAxes(node: NodeProto, view: GraphView): readonly number[] | undefined {
  const rank = view.dims(node.input[0]!).length
  return intAttribute(node, 'keepdims', 1) === 1 ? reducedAxes(node, view)?.map((axis) => axis - rank) : undefined
}
