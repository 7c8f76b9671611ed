// Rows of a tensor that run over some of its axes.

import { sizeOf } from '../onnx/geometry.js'

/** The offsets of each row's elements, rows and elements in row-major order; axes below zero count from behind the last one. */
export function rowsOver(axes: readonly number[], dims: readonly number[]): number[][] {
  const along = new Set(axes.map((axis) => (axis < 0 ? axis + dims.length : axis)))
  const rows = new Map<number, number[]>()
  for (let offset = 0; offset < sizeOf(dims); offset++) {
    // The row's number: the offset of its element whose place along the axes is zero.
    let [row, rest, stride] = [0, offset, 1]
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (!along.has(axis)) row += (rest % dims[axis]!) * stride
      rest = Math.floor(rest / dims[axis]!)
      stride *= dims[axis]!
    }
    const places = rows.get(row)
    if (places) places.push(offset)
    else rows.set(row, [offset])
  }
  return [...rows.values()]
}
