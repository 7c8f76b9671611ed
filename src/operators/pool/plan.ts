// Maximum and average pooling.

import { sizeOf, windowCounts, windowOf, windowTaps } from '../../fixedpoint/geometry.js'
import { intAttribute, intsAttribute } from '../../onnx/attribute.js'
import { tensorData } from '../../onnx/tensor.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** The node's own attributes apply. */
export interface PlannedMaxPool extends PlannedOperator {}

export interface AverageGeometry {
  /** Window over the spatial axes. Global pooling is a window of the whole plane, no pads, stride 1. */
  readonly kernelShape: readonly number[]
  readonly strides: readonly number[]
  readonly pads: readonly number[]
  readonly channels: number
  readonly global: boolean
}

export interface PlannedAveragePool extends PlannedOperator, AverageGeometry {
  /** Elements a window divides by: the same for all positions, else there is no operator. */
  readonly divisor: number
}

export function maxPoolOf(node: NodeProto, view: GraphView): Match<PlannedMaxPool> | Refusal | undefined {
  const [input] = node.input
  if (!view.isActivation(input) || (node.opType !== 'MaxPool' && node.opType !== 'GlobalMaxPool')) return undefined
  if (node.output.slice(1).some((name) => name !== '')) return { refusal: 'the indices of its maxima are used' }
  return { kind: 'maxpool', nodes: [node], inputs: [input], outputs: [node.output[0]!] }
}

export function averagePoolOf(node: NodeProto, view: GraphView): Match<PlannedAveragePool> | Refusal | undefined {
  const [input] = node.input
  if (!view.isActivation(input)) return undefined
  switch (node.opType) {
    case 'GlobalAveragePool':
      return globalAverage(node, input, view)
    case 'ReduceMean':
      return reducesPlane(node, view.dims(input).length, view)
        ? globalAverage(node, input, view)
        : { refusal: 'it is not a mean over exactly the spatial axes that keeps their dims' }
    case 'AveragePool':
      return averagePool(node, input, view)
    default:
      return undefined
  }
}

function globalAverage(node: NodeProto, input: string, view: GraphView): Match<PlannedAveragePool> {
  const [, channels = 0, ...kernelShape] = view.dims(input)
  return {
    kind: 'averagepool',
    nodes: [node],
    inputs: [input],
    outputs: [node.output[0]!],
    kernelShape,
    strides: kernelShape.map(() => 1),
    pads: [...kernelShape, ...kernelShape].fill(0),
    channels,
    divisor: sizeOf(kernelShape),
    global: true,
  }
}

function averagePool(node: NodeProto, input: string, view: GraphView): Match<PlannedAveragePool> | Refusal {
  const [, channels = 0, ...space] = view.dims(input)
  const kernelShape = intsAttribute(node, 'kernel_shape', space)
  const window = windowOf(node, kernelShape, space)
  const { strides, dilations, pads } = window
  if (dilations.some((dilation) => dilation !== 1)) return { refusal: 'its window is dilated' }
  if (String(windowCounts(window, space)) !== String(windowCounts({ ...window, ceil: false }, space))) {
    return { refusal: 'its last windows reach beyond the padded input (ceil_mode)' }
  }
  const elements = sizeOf(kernelShape)
  const countsPadding = intAttribute(node, 'count_include_pad', 0) === 1
  const covered = windowTaps(window, space).every((taps) => taps.length === elements)
  if (!countsPadding && !covered)
    return { refusal: 'windows at its border divide by fewer elements (count_include_pad)' }
  const geometry = { kernelShape, strides, pads, channels, divisor: elements, global: false }
  return { kind: 'averagepool', nodes: [node], inputs: [input], outputs: [node.output[0]!], ...geometry }
}

/** Whether a ReduceMean runs over all spatial axes of a rank-4 tensor and keeps them; axes are an input since opset 18. */
function reducesPlane(node: NodeProto, rank: number, view: GraphView): boolean {
  if (rank !== 4 || intAttribute(node, 'keepdims', 1) !== 1) return false
  const given = node.input[1] ? view.index.initializer(node.input[1]) : undefined
  const axes = given ? [...tensorData(given)].map(Number) : intsAttribute(node, 'axes', undefined)
  const spatial = axes?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
  return String(spatial) === '2,3'
}
