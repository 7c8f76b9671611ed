// Sums of what is scattered to the same places, among zeros: messages that meet at the nodes of a graph, points in the cells of a grid.

import { stringAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import { isZeros } from '../../onnx/zeros.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'
import { type Writing, writingAt } from '../writing.js'

export interface PlannedScatter extends PlannedOperator {
  readonly writing: Writing
  /** Of the output. */
  readonly dims: readonly number[]
  /** Addends that a place can get at most. */
  readonly length: number
}

export function scatterOf(node: NodeProto, view: GraphView): Match<PlannedScatter> | Refusal | undefined {
  const [into = '', indices = '', values = ''] = node.input
  const isScatter = node.opType === 'ScatterElements' || node.opType === 'ScatterND'
  if (!isScatter || stringAttribute(node, 'reduction', 'none') !== 'add' || !view.isActivation(values)) return undefined
  if (!isZeros(into, view.index)) return { refusal: 'what it adds to has dims that are open' }
  const output = node.output[0]!
  const writing = writingAt(node, view, 'add')
  const dims = view.dims(output)
  const length = addends(writing, dims, view.dims(indices))
  return { kind: 'scatter', nodes: [node], inputs: [values], outputs: [output], writing, dims, length }
}

/** As many as there are along the axis, or tuples of indices: all of them may be the same. */
function addends({ axis }: Writing, dims: readonly number[], indices: readonly number[]): number {
  if (axis === undefined) return indices.slice(0, -1).reduce((count, size) => count * size, 1)
  return indices[axis < 0 ? axis + dims.length : axis]!
}
