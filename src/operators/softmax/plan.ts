// Softmax over the last axis.

import { intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface PlannedSoftmax extends PlannedOperator {
  /** Elements of a row. */
  readonly length: number
}

/** Longer sums of 15-bit exponentials leave 32 bits. */
const LARGEST_LENGTH = 2 ** 16 - 1

export function softmaxOf(node: NodeProto, view: GraphView): Match<PlannedSoftmax> | Refusal | undefined {
  const [input] = node.input
  if (node.opType !== 'Softmax' || !view.isActivation(input)) return undefined
  const output = node.output[0]!
  // Nothing on the chip reads it, and float loses nothing of its 16-bit scores.
  if (endsModel(output, view)) {
    return { refusal: 'it ends the model, and runs in float on 16-bit scores' }
  }
  const dims = view.dims(input)
  // Without the attribute the axis depends on the opset, but not for a matrix. Over the last axis all opsets agree.
  const axis = intAttribute(node, 'axis', dims.length === 2 ? -1 : 0)
  if (dims.length === 0 || (axis !== -1 && axis !== dims.length - 1)) return { refusal: 'its axis is not the last' }
  const length = dims.at(-1)!
  if (length > LARGEST_LENGTH) return { refusal: `a sum of ${length} exponentials leaves 32 bits` }
  return { kind: 'softmax', nodes: [node], inputs: [input], outputs: [output], length }
}

const reshaping: ReadonlySet<string> = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'])

/** Whether a tensor is an output of the model, or becomes nothing else, reshaped. */
function endsModel(name: string, view: GraphView): boolean {
  const readers = view.index.consumers(name)
  if (readers.length === 0) return view.index.isGraphOutput(name)
  return readers.every(({ opType, output }) => reshaping.has(opType) && endsModel(output[0]!, view))
}
