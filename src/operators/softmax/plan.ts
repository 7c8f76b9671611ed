// Softmax over one axis, or, before opset 13, over an axis and all after it.

import { intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface PlannedSoftmax extends PlannedOperator {
  /** A row runs over these axes, counted from the last one, which is -1. */
  readonly axes: readonly number[]
  /** Elements of a row. */
  readonly length: number
}

/** Longer sums of 15-bit exponentials leave 32 bits. */
const LARGEST_LENGTH = 2 ** 16 - 1

export function softmaxOf(node: NodeProto, view: GraphView): Match<PlannedSoftmax> | Refusal | undefined {
  const [input] = node.input
  if ((node.opType !== 'Softmax' && node.opType !== 'LogSoftmax') || !view.isActivation(input)) return undefined
  const output = node.output[0]!
  // Nothing on the chip reads it, and float loses nothing of its 16-bit scores.
  if (endsModel(output, view)) {
    return { refusal: 'it ends the model, and runs in float on 16-bit scores' }
  }
  if (node.opType === 'LogSoftmax') return { refusal: 'the logarithms of small shares need more bits than shares have' }
  const dims = view.dims(input)
  const axes = rowAxes(node, dims.length, view.opset)
  const length = axes.reduce((product, axis) => product * dims.at(axis)!, 1)
  if (length > LARGEST_LENGTH) return { refusal: `a sum of ${length} exponentials leaves 32 bits` }
  return { kind: 'softmax', nodes: [node], inputs: [input], outputs: [output], axes, length }
}

function rowAxes(node: NodeProto, rank: number, opset: number): readonly number[] {
  const given = intAttribute(node, 'axis', opset < 13 ? 1 : -1)
  const axis = given < 0 ? given : given - rank
  return opset < 13 ? Array.from({ length: -axis }, (_, index) => axis + index) : [axis]
}

const reshaping: ReadonlySet<string> = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'])

/** Whether a tensor is an output of the model, or becomes nothing else, reshaped. */
function endsModel(name: string, view: GraphView): boolean {
  const readers = view.index.consumers(name)
  if (readers.length === 0) return view.index.isGraphOutput(name)
  return readers.every(({ opType, output }) => reshaping.has(opType) && endsModel(output[0]!, view))
}
