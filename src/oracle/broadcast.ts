// Elementwise functions of two tensors.

import type { IntTensor } from '../fixedpoint/types.js'
import { sizeOf } from '../onnx/geometry.js'

/** numpy's broadcasting: shapes are aligned at their last axis, an axis of one is repeated. */
export function broadcast(left: IntTensor, right: IntTensor, combine: (a: number, b: number) => number): IntTensor {
  const rank = Math.max(left.dims.length, right.dims.length)
  const leftDims = [...Array<number>(rank - left.dims.length).fill(1), ...left.dims]
  const rightDims = [...Array<number>(rank - right.dims.length).fill(1), ...right.dims]
  const dims = leftDims.map((size, axis) => {
    const other = rightDims[axis]!
    if (size !== other && size !== 1 && other !== 1)
      throw new Error(`[${left.dims}] and [${right.dims}] do not broadcast.`)
    return size === 1 ? other : size
  })
  const data = new Int32Array(sizeOf(dims))
  for (let index = 0; index < data.length; index++) {
    data[index] = combine(left.data[offsetIn(leftDims, dims, index)]!, right.data[offsetIn(rightDims, dims, index)]!)
  }
  return { dims, data }
}

/** The offset in a tensor of shape `own` of element `index` of the shape it is broadcast to. */
function offsetIn(own: readonly number[], dims: readonly number[], index: number): number {
  let offset = 0
  let stride = 1
  let rest = index
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const position = rest % dims[axis]!
    rest = Math.floor(rest / dims[axis]!)
    if (own[axis] !== 1) offset += position * stride
    stride *= own[axis]!
  }
  return offset
}
