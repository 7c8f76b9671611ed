// A RoiAlign that averages becomes values sampled at computed places and an average pool of them:
//
//     MatMul:     [regions, 4]  ->  [regions, rows columns 2]: where the samples lie, x before y
//     GridSample: [1, C, H + 2, W + 2]  ->  [1, C, regions rows, columns]                  of one image
//     GridSample: [regions, C, H + 2, W + 2]  ->  [regions, C, rows, columns]              of several, of which each region's is gathered
//
// A sample up to one value beyond the ends is the value at the end, for which the values at the ends are repeated once; farther away it is zero. How many
// samples an element has must be a constant: with a sampling_ratio of 0 the number depends on the regions' sizes.
// Source: ONNX Runtime, core/providers/cpu/object_detection/roialign.cc.

import { floatAttribute, intAttribute, makeAttribute, stringAttribute } from '../../../attribute.js'
import type { NodeProto } from '../../../types.js'
import { lowering, type NodeWriter } from '../../lowering.js'

/** GridSample is there since then. */
const FIRST_OPSET = 16

export const lowerRoiAlign = lowering('RoiAlign nodes made samples and pools', ['RoiAlign'], (writer, node) => {
  const [input, , images] = node.input as [string, string, string]
  const dims = writer.dims(input)
  const samples = intAttribute(node, 'sampling_ratio', 0)
  if (writer.opset < FIRST_OPSET || dims === undefined || dims.includes(0) || samples < 1) return undefined
  if (stringAttribute(node, 'mode', 'avg') !== 'avg') return undefined
  const [batch, channels, height, width] = dims as [number, number, number, number]
  const sizes = [intAttribute(node, 'output_height', 1), intAttribute(node, 'output_width', 1)] as const
  const [rows, columns] = [sizes[0] * samples, sizes[1] * samples]
  const grid = gridOf(writer, node, { space: [width, height], rows, columns })
  const edged = writer.add('Pad', [input, writer.integers([0, 0, 1, 1, 0, 0, 1, 1])], [makeAttribute('mode', 'edge')])
  const isSole = batch === 1
  const values = isSole ? edged : writer.add('Gather', [edged, images], [makeAttribute('axis', 0)])
  const places = writer.reshape(grid, isSole ? [1, -1, columns, 2] : [-1, rows, columns, 2])
  const sampled = writer.add('GridSample', [values, places], [makeAttribute('align_corners', 0)])
  const window = [samples, samples]
  const attributes = [makeAttribute('kernel_shape', window), makeAttribute('strides', window)]
  const pooled = writer.add('AveragePool', [sampled], attributes)
  return isSole ? writer.transpose(writer.reshape(pooled, [channels, -1, ...sizes]), [1, 0, 2, 3]) : pooled
})

interface Geometry {
  /** Values along x and y. */
  readonly space: readonly [number, number]
  /** Samples of a region. */
  readonly rows: number
  readonly columns: number
}

/**
 * Where the samples lie as GridSample counts, from -1 to 1 over an axis of n values and the one that is repeated on each side of them: index i lies at
 * (2 i + 3) / (n + 2) - 1. A sample that is zero gets a place that has no value.
 * @returns [regions, rows columns, 2]
 */
function gridOf(writer: NodeWriter, node: NodeProto, { space, rows, columns }: Geometry): string {
  const scale = floatAttribute(node, 'spatial_scale', 1)
  const hasHalves = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel'
  const regions = hasHalves ? node.input[1]! : withSizes(writer, node.input[1]!, 1 / scale)
  const width = rows * columns * 2
  const weights = new Float32Array(4 * width)
  const offsets = new Float32Array(width)
  for (let at = 0; at < width; at++) {
    const axis = at % 2
    const sample = Math.floor(at / 2)
    const along = axis === 0 ? ((sample % columns) + 0.5) / columns : (Math.floor(sample / columns) + 0.5) / rows
    const unit = (2 * scale) / (space[axis]! + 2)
    weights[axis * width + at] = unit * (hasHalves ? 1 - along : 1)
    weights[(axis + 2) * width + at] = unit * along
    offsets[at] = (hasHalves ? 2 : 3) / (space[axis]! + 2) - 1
  }
  const product = writer.add('MatMul', [regions, writer.floats([4, width], weights)])
  const place = writer.reshape(writer.add('Add', [product, writer.floats([width], offsets)]), [-1, rows * columns, 2])
  const each = (value: (size: number) => number) =>
    writer.floats(
      [2],
      Float32Array.from(space, (n) => value(n + 2)),
    )
  const isBeyond = writer.add('Greater', [writer.add('Abs', [place]), each((size) => 1 - 1 / size)])
  return writer.add('Where', [isBeyond, each((size) => 1 + 2 / size), place])
}

/** [x, y, width, height] of regions [x, y, end of x, end of y], no size below the least. */
function withSizes(writer: NodeWriter, regions: string, least: number): string {
  const corner = (columns: readonly number[]) => writer.gather(regions, columns, [2], 1)
  const first = corner([0, 1])
  const sizes = writer.add('Sub', [corner([2, 3]), first])
  const bounded = writer.add('Max', [sizes, writer.floats([], Float32Array.of(least))])
  return writer.add('Concat', [first, bounded], [makeAttribute('axis', 1)])
}
