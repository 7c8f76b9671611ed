// Maximum and average pooling.

import { sizeOf, windowCounts, windowOf, windowTaps } from '../fixedpoint/geometry.js'
import { intAttribute, intsAttribute } from '../onnx/attribute.js'
import { tensorData } from '../onnx/tensor.js'
import type { NodeProto } from '../onnx/types.js'
import type { Draft, Refusal } from './draft.js'
import type { GraphView } from './view.js'

export function poolOf(node: NodeProto, view: GraphView): Draft | Refusal | undefined {
  const [input] = node.input
  if (!view.isActivation(input)) return undefined
  switch (node.opType) {
    case 'MaxPool':
      if (node.output.slice(1).some((name) => name !== '')) return { refusal: 'the indices of its maxima are used' }
      return { kind: 'maxpool', nodes: [node], input, output: node.output[0]! }
    case 'GlobalMaxPool':
      return { kind: 'maxpool', nodes: [node], input, output: node.output[0]! }
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

function globalAverage(node: NodeProto, input: string, view: GraphView): Draft {
  const [, channels = 0, ...kernelShape] = view.dims(input)
  return {
    kind: 'averagepool',
    nodes: [node],
    input,
    output: node.output[0]!,
    kernelShape,
    strides: kernelShape.map(() => 1),
    pads: [...kernelShape, ...kernelShape].fill(0),
    channels,
    divisor: sizeOf(kernelShape),
    global: true,
  }
}

function averagePool(node: NodeProto, input: string, view: GraphView): Draft | Refusal {
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
  const output = node.output[0]!
  const geometry = { kernelShape, strides, pads, channels, divisor: elements, global: false }
  return { kind: 'averagepool', nodes: [node], input, output, ...geometry }
}

/** Whether a ReduceMean runs over all spatial axes of a rank-4 tensor and keeps them; axes are an input since opset 18. */
function reducesPlane(node: NodeProto, rank: number, view: GraphView): boolean {
  if (rank !== 4 || intAttribute(node, 'keepdims', 1) !== 1) return false
  const given = node.input[1] ? view.index.initializer(node.input[1]) : undefined
  const axes = given ? [...tensorData(given)].map(Number) : intsAttribute(node, 'axes', undefined)
  const spatial = axes?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
  return String(spatial) === '2,3'
}
