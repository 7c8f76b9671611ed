// Tables, additions, products and concatenations over integers.

import { sizeOf } from '../geometry.js'
import { clip, rangeOf, rshift } from '../rounding.js'
import type { FixedAdd, FixedConcat, FixedMul, FixedTable, IntTensor } from '../types.js'
import { product, requantize } from './arithmetic.js'

export function table(operator: FixedTable, input: IntTensor): IntTensor {
  return { dims: input.dims, data: input.data.map((x) => operator.table[x + 128]!) }
}

export function add(operator: FixedAdd, left: IntTensor, right: IntTensor): IntTensor {
  const [first, second] = operator.requantize
  return broadcast(left, right, (a, b) =>
    clip(rshift(requantize(a, first) + requantize(b, second), operator.q2), operator.low, operator.high),
  )
}

export function mul(operator: FixedMul, left: IntTensor, right: IntTensor): IntTensor {
  const { multiplier, shift } = operator.requantize
  return broadcast(left, right, (a, b) => clip(rshift(product(a, b, multiplier), shift), operator.low, operator.high))
}

export function concat(operator: FixedConcat, inputs: readonly IntTensor[], bits: number): IntTensor {
  const [low, high] = rangeOf(bits)
  const first = inputs[0]!
  const axis = operator.axis < 0 ? operator.axis + first.dims.length : operator.axis
  const rows = sizeOf(first.dims.slice(0, axis))
  const parts: number[] = []
  for (let row = 0; row < rows; row++) {
    inputs.forEach((input, index) => {
      const fix = operator.requantize[index]
      const length = input.data.length / rows
      for (let at = row * length; at < (row + 1) * length; at++) {
        const x = input.data[at]!
        parts.push(fix === undefined ? x : clip(requantize(x, fix), low, high))
      }
    })
  }
  const total = inputs.reduce((sum, input) => sum + input.dims[axis]!, 0)
  return { dims: first.dims.map((size, at) => (at === axis ? total : size)), data: Int32Array.from(parts) }
}

/** numpy's broadcasting: shapes are aligned at their last axis, an axis of one is repeated. */
function broadcast(left: IntTensor, right: IntTensor, combine: (a: number, b: number) => number): IntTensor {
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
