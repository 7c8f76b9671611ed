// Resizing that interpolates: linear and cubic, over any axes.

import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../onnx/attribute.js'
import { tensorData } from '../../onnx/tensor.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Crop, cropsOf } from '../cropping.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'
import { type Coordinates, type Filter, filterMatrix, type ResizedAxis } from './weights.js'

/** One axis after another: its outputs are sums of its inputs times these weights. */
export interface Resampling {
  /** Counted from the last one, which is -1. */
  readonly axis: number
  /** [to, from] */
  readonly matrix: Float64Array
  readonly from: number
  readonly to: number
}

export interface PlannedInterpolation extends PlannedOperator {
  readonly rank: number
  readonly resamplings: readonly Resampling[]
}

const known: ReadonlySet<string> = new Set<Coordinates>([
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
])

export function interpolationOf(node: NodeProto, view: GraphView): Match<PlannedInterpolation> | Refusal | undefined {
  const [input] = node.input
  const mode = stringAttribute(node, 'mode', 'nearest')
  if ((node.opType !== 'Resize' && node.opType !== 'Upsample') || mode === 'nearest') return undefined
  if (!view.isActivation(input) || !view.isActivation(node.output[0])) return undefined
  const filter = filterOf(node, mode, view)
  if ('refusal' in filter) return filter
  const axes = resizedAxes(node, view)
  if ('refusal' in axes) return axes
  // The last axis first: its elements lie side by side, and a matrix product needs no transposition.
  const resamplings = axes
    .map((axis, index) => ({ ...axis, axis: index - axes.length, matrix: filterMatrix(axis, filter) }))
    .filter(({ from, to, matrix }) => from !== to || !isIdentity(matrix, from))
    .reverse()
  return {
    kind: 'interpolation',
    nodes: [node],
    inputs: [input],
    outputs: [node.output[0]],
    rank: axes.length,
    resamplings,
  }
}

function filterOf(node: NodeProto, mode: string, view: GraphView): Filter | Refusal {
  // Upsample, and Resize of opset 10, have no attribute for it.
  const fallback = view.opset < 11 ? 'asymmetric' : 'half_pixel'
  const coordinates = stringAttribute(node, 'coordinate_transformation_mode', fallback)
  if (!known.has(coordinates)) return { refusal: `its coordinates are those of ${coordinates}` }
  const excludeOutside = intAttribute(node, 'exclude_outside', 0) === 1
  const cubic = mode === 'cubic' ? { a: floatAttribute(node, 'cubic_coeff_a', -0.75) } : undefined
  const antialias = intAttribute(node, 'antialias', 0) === 1
  if (antialias && coordinates === 'tf_crop_and_resize') return { refusal: 'it crops, and widens its filter' }
  return { cubic, excludeOutside, coordinates: coordinates as Coordinates, antialias }
}

/** Every axis, those that keep their size with a scale of 1. */
function resizedAxes(node: NodeProto, view: GraphView): ResizedAxis[] | Refusal {
  const [from, to] = [view.dims(node.input[0]!), view.dims(node.output[0]!)]
  const crops = cropsOf(node, view)
  if (crops !== undefined && 'refusal' in crops) return crops
  const cropOf = (axis: number): Crop => crops?.[axis] ?? [0, 1]
  const sized = view.opset >= 11 && node.input[3] !== undefined && node.input[3] !== ''
  if (sized) {
    if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
      return { refusal: 'it keeps the aspect ratio' }
    }
    return from.map((size, axis) => ({ from: size, to: to[axis]!, scale: to[axis]! / size, crop: cropOf(axis) }))
  }
  const tensor = view.index.initializer(node.input[view.opset < 11 ? 1 : 2] ?? '')
  if (tensor === undefined) return { refusal: 'its scales are computed' }
  const given = Array.from(tensorData(tensor), Number)
  const along = intsAttribute(node, 'axes', undefined)?.map((axis) => (axis < 0 ? axis + from.length : axis))
  const scaleOf = (axis: number) => (along ? along.indexOf(axis) : axis)
  return from.map((size, axis) => {
    return { from: size, to: to[axis]!, scale: given[scaleOf(axis)] ?? 1, crop: cropOf(axis) }
  })
}

function isIdentity(matrix: Float64Array, size: number): boolean {
  return matrix.every((value, index) => value === (Math.floor(index / size) === index % size ? 1 : 0))
}
