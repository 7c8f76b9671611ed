// Softmax over one axis, or, before opset 13, over an axis and all after it; and the logarithms of sums of exponentials: LogSoftmax, ReduceLogSumExp.

import { intAttribute } from '../../onnx/attribute.js'
import { rearranging } from '../../onnx/operators.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { reducedAxes } from '../axes.js'
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
  if (node.opType !== 'Softmax' || !view.isActivation(input)) return undefined
  const rows = rowsOf(input, rowAxes(node, view.dims(input).length, view.opset), view)
  if (endsModel(node.output[0]!, view)) return atTheEnd
  if ('refusal' in rows) return rows
  return { kind: 'softmax', nodes: [node], inputs: [input], outputs: [node.output[0]!], ...rows }
}

/** Nothing on the chip reads it, and shares below 2^-16 would be zero. Of a LogSoftmax 16 bits lose nothing. */
const atTheEnd: Refusal = { refusal: 'it ends the model, and runs in float on 16-bit scores' }

/** x less the logarithm of its row's sum of exponentials, or, where `reduces`, that logarithm. */
export interface PlannedLogSum extends PlannedSoftmax {
  readonly reduces: boolean
  /** Whether reduced axes stay, with a size of one. */
  readonly keepDims: boolean
  /** Of the input. */
  readonly rank: number
}

export function logSumOf(node: NodeProto, view: GraphView): Match<PlannedLogSum> | Refusal | undefined {
  const [input] = node.input
  const reduces = node.opType === 'ReduceLogSumExp'
  if ((node.opType !== 'LogSoftmax' && !reduces) || !view.isActivation(input)) return undefined
  const rank = view.dims(input).length
  const axes = reduces ? reducedAxes(node, view)?.map((axis) => axis - rank) : rowAxes(node, rank, view.opset)
  if (axes === undefined || axes.length === 0) return { refusal: 'its axes are computed, or none' }
  const rows = rowsOf(input, axes, view)
  if ('refusal' in rows) return rows
  const keepDims = intAttribute(node, 'keepdims', 1) === 1
  return {
    kind: 'logsum',
    nodes: [node],
    inputs: [input],
    outputs: [node.output[0]!],
    ...rows,
    reduces,
    keepDims,
    rank,
  }
}

function rowsOf(
  input: string,
  axes: readonly number[],
  view: GraphView,
): Pick<PlannedSoftmax, 'axes' | 'length'> | Refusal {
  const dims = view.dims(input)
  const length = axes.reduce((product, axis) => product * dims.at(axis)!, 1)
  return length > LARGEST_LENGTH ? { refusal: `a sum of ${length} exponentials leaves 32 bits` } : { axes, length }
}

function rowAxes(node: NodeProto, rank: number, opset: number): readonly number[] {
  const given = intAttribute(node, 'axis', opset < 13 ? 1 : -1)
  const axis = given < 0 ? given : given - rank
  return opset < 13 ? Array.from({ length: -axis }, (_, index) => axis + index) : [axis]
}

/** Whether a tensor is an output of the model, or becomes nothing else, reshaped. */
function endsModel(name: string, view: GraphView): boolean {
  const readers = view.index.consumers(name)
  if (readers.length === 0) return view.index.isGraphOutput(name)
  return readers.every(({ opType, output }) => rearranging.has(opType) && endsModel(output[0]!, view))
}
