// Between real values and integers, as the chip does it.

import { clip, roundHalfAway } from '../fixedpoint/rounding.js'
import type { IntTensor, QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { sizeOf } from '../onnx/geometry.js'

/** q = clip(round_half_away(x / scale)), in double. */
export function quantizeInput(values: Float32Array, dims: readonly number[], to: QuantizedTensor): IntTensor {
  if (values.length !== sizeOf(dims)) throw new Error(`${values.length} values do not fill [${dims}].`)
  const [low, high] = rangeOf(to.bits)
  const data = new Int32Array(values.length)
  values.forEach((x, index) => {
    data[index] = clip(roundHalfAway(x / to.scale), low, high)
  })
  return { dims, data }
}

/** float32(q) * float32(scale), one float32 multiplication. */
export function dequantize(tensor: IntTensor, { scale }: QuantizedTensor): Float32Array {
  // A float32 takes integers up to 2^24 exactly, the product of two float32 is exact in double: the store rounds once.
  return Float32Array.from(tensor.data, (q) => Math.fround(q) * Math.fround(scale))
}
