// A 2-D DeformConv becomes values sampled at computed places, times the mask, and a 1x1 convolution of them:
//
//     GridSample: [N groups, C/groups, H, W] at [N groups, taps, positions, 2]  ->  [N groups, C/groups, taps, positions]
//     Conv:       [N, C taps, OH, OW]  ->  [N, M, OH, OW]
//
// Both have zeros beyond the ends, which fade into the values over the distance of one value.

import { intAttribute, intsAttribute, makeAttribute } from '../../../attribute.js'
import { lowering, type NodeWriter } from '../../lowering.js'

export const lowerDeformConv = lowering(
  'DeformConv nodes made samples and convolutions',
  ['DeformConv'],
  (writer, node) => {
    const [input, weights, offset, bias = '', mask = ''] = node.input as [string, string, string, string?, string?]
    const [dims, kernel, places] = [writer.dims(input), writer.dims(weights), writer.dims(offset)]
    if (dims?.length !== 4 || kernel?.length !== 4 || places?.length !== 4) return undefined
    const [batch, channels, ...space] = dims as [number, number, number, number]
    const [features, depth, ...taps] = kernel as [number, number, number, number]
    const [height, width] = places.slice(2) as [number, number]
    const groups = intAttribute(node, 'offset_group', 1)
    const images = batch < 0 ? -1 : batch * groups
    const count = taps[0] * taps[1]
    const geometry = {
      ...{ space, taps, positions: [height, width] },
      strides: intsAttribute(node, 'strides', [1, 1]),
      dilations: intsAttribute(node, 'dilations', [1, 1]),
      pads: intsAttribute(node, 'pads', [0, 0]),
    }
    const grid = gridOf(writer, writer.reshape(offset, [images, count, 2, height * width]), geometry)
    const values = writer.reshape(input, [images, channels / groups, ...space])
    const sampled = writer.add('GridSample', [values, grid], [makeAttribute('align_corners', 0)])
    const weighted =
      mask === '' ? sampled : writer.add('Mul', [sampled, writer.reshape(mask, [images, 1, count, height * width])])
    const rows = writer.reshape(weights, [features, depth * count, 1, 1])
    const columns = writer.reshape(weighted, [batch, channels * count, height, width])
    return writer.add(
      'Conv',
      [columns, rows, ...(bias === '' ? [] : [bias])],
      [makeAttribute('group', intAttribute(node, 'group', 1))],
    )
  },
)

interface Geometry {
  readonly space: readonly number[]
  readonly taps: readonly number[]
  readonly positions: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
}

/**
 * GridSample counts from -1 to 1, x before y: index i of n values lies at (2 i + 1) / n - 1.
 * @param offsets [N groups, taps, y and x, positions], in values
 */
function gridOf(
  writer: NodeWriter,
  offsets: string,
  { space, taps, positions, strides, dilations, pads }: Geometry,
): string {
  const [rows, columns] = taps as [number, number]
  const [height, width] = positions as [number, number]
  const swapped = writer.gather(offsets, [1, 0], [2], 2)
  const moved = writer.transpose(swapped, [0, 1, 3, 2])
  const area = height * width
  const undisturbed = Float32Array.from({ length: rows * columns * area * 2 }, (_, at) => {
    const axis = 1 - (at % 2)
    const [tap, position] = [Math.floor(at / 2 / area), Math.floor(at / 2) % area]
    const alongTap = axis === 1 ? tap % columns : Math.floor(tap / columns)
    const alongPosition = axis === 1 ? position % width : Math.floor(position / width)
    const index = alongPosition * strides[axis]! - pads[axis]! + alongTap * dilations[axis]!
    return (2 * index + 1) / space[axis]! - 1
  })
  const scaled = writer.add('Mul', [
    moved,
    writer.floats(
      [2],
      Float32Array.from(space.toReversed(), (size) => 2 / size),
    ),
  ])
  return writer.add('Add', [scaled, writer.floats([1, rows * columns, area, 2], undisturbed)])
}
