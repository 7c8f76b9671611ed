// Values written into a tensor at given places, one after another.

import type { IntTensor } from '../fixedpoint/types.js'
import { positions, sizeOf } from '../onnx/geometry.js'
import type { Writing } from '../operators/writing.js'

const combinations: Readonly<Record<Writing['combine'], (there: number, value: number) => number>> = {
  none: (_, value) => value,
  add: (there, value) => there + value,
  max: Math.max,
  min: Math.min,
}

/** Throws Error for computed places. */
export function written(
  { indices, axis, combine }: Writing,
  [into, values]: readonly [IntTensor, IntTensor],
): IntTensor {
  if ('computed' in indices) throw new Error(`The places "${indices.computed}" are not known.`)
  const { dims } = into
  const data = into.data.slice()
  const write = (at: number, value: number) => {
    data[at] = combinations[combine](data[at]!, value)
  }
  const inside = (place: number, size: number) => (place < 0 ? place + size : place)
  if (axis !== undefined) {
    const along = inside(axis, dims.length)
    positions(indices.dims).forEach((at, i) => {
      const place = at.map((index, k) => (k === along ? inside(indices.data[i]!, dims[k]!) : index))
      write(offsetOf(place, dims), values.data[i]!)
    })
    return { dims, data }
  }
  const depth = indices.dims.at(-1)!
  const size = sizeOf(dims.slice(depth))
  for (let tuple = 0; tuple < indices.data.length / depth; tuple++) {
    const place = indices.data.slice(tuple * depth, (tuple + 1) * depth).map((index, k) => inside(index, dims[k]!))
    const start = offsetOf(place, dims.slice(0, depth)) * size
    values.data.subarray(tuple * size, (tuple + 1) * size).forEach((value, i) => {
      write(start + i, value)
    })
  }
  return { dims, data }
}

function offsetOf(place: readonly number[], dims: readonly number[]): number {
  return place.reduce((offset, index, axis) => offset * dims[axis]! + index, 0)
}
