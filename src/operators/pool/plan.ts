// Maximum and average pooling.

import { intAttribute, intsAttribute } from '../../onnx/attribute.js'
import { sizeOf, type Window, windowCounts, windowOf, windowTaps } from '../../onnx/geometry.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Gain, Match, PlannedOperator, Refusal } from '../types.js'

/** The node's own attributes apply; indices of maxima are integers of the model itself, and no tensor of the chip. */
export interface PlannedMaxPool extends PlannedOperator {}

export interface AverageGeometry {
  /** Window over the spatial axes. */
  readonly kernelShape: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  readonly channels: number
}

export interface PlannedAveragePool extends PlannedOperator, AverageGeometry {
  /** Elements a window divides by, one number or one for each position. */
  readonly divisor: FloatConstant
}

export function maxPoolOf(node: NodeProto, view: GraphView): Match<PlannedMaxPool> | undefined {
  const [input] = node.input
  if (!view.isActivation(input) || (node.opType !== 'MaxPool' && node.opType !== 'GlobalMaxPool')) return undefined
  return { kind: 'maxpool', nodes: [node], inputs: [input], outputs: [node.output[0]!] }
}

export function averagePoolOf(node: NodeProto, view: GraphView): Match<PlannedAveragePool> | Refusal | undefined {
  const [input] = node.input
  if (node.opType !== 'AveragePool' || !view.isActivation(input)) return undefined
  const [, channels = 0, ...space] = view.dims(input)
  const kernelShape = intsAttribute(node, 'kernel_shape', space)
  const given = windowOf(node, kernelShape, space)
  const countsPadding = intAttribute(node, 'count_include_pad', 0) === 1
  const reachesBeyond = String(windowCounts(given, space)) !== String(windowCounts({ ...given, ceil: false }, space))
  if (countsPadding && reachesBeyond) {
    return { refusal: 'its last windows reach beyond the padded input (ceil_mode)' }
  }
  const window = reachesBeyond ? withRoom(given, space) : given
  const { strides, dilations, pads } = window
  const counts = windowTaps(window, space).map((taps) => (countsPadding ? sizeOf(kernelShape) : taps.length))
  const same = counts.every((count) => count === counts[0])
  const divisor = same
    ? { dims: [], data: Float32Array.of(counts[0]!) }
    : { dims: windowCounts(window, space), data: Float32Array.from(counts) }
  const geometry = { kernelShape, strides, dilations, pads, channels, divisor }
  return { kind: 'averagepool', nodes: [node], inputs: [input], outputs: [node.output[0]!], ...geometry }
}

/** A window with pads at the end as far as its last position reaches. */
function withRoom(window: Window, space: readonly number[]): Window {
  const ends = windowCounts(window, space).map((count, axis) => {
    const reach = window.dilations[axis]! * (window.kernel[axis]! - 1) + 1
    return (count - 1) * window.strides[axis]! + reach - space[axis]! - window.pads[axis]!
  })
  return { ...window, pads: [...window.pads.slice(0, space.length), ...ends], ceil: false }
}

/** undefined where the zeros of padding are averaged too. */
export function averageGains({ pads, divisor }: PlannedAveragePool): Gain[] | undefined {
  const dividesByTaps = divisor.dims.length > 0 || pads.every((pad) => pad === 0)
  return dividesByTaps ? [{ constant: 1, noise: 1 / divisor.data.reduce((a, b) => Math.min(a, b)) }] : undefined
}
