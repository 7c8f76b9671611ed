// Several tensors brought to one scale.

import { clip } from '../fixedpoint/rounding.js'
import type { IntTensor, Requantize } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { requantize } from './arithmetic.js'

type Part =
  | { readonly constant: { readonly dims: readonly number[]; readonly data: Int16Array } }
  | { readonly requantize: Requantize | undefined }

/** In the order of the parts: constants as they are, and each input clip(rshift(x * multiplier, shift)) where it has a multiplier. */
export function partTensors(parts: readonly Part[], inputs: readonly IntTensor[], bits: number): IntTensor[] {
  const [low, high] = rangeOf(bits)
  const remaining = [...inputs]
  return parts.map((part) => {
    if ('constant' in part) return { dims: part.constant.dims, data: Int32Array.from(part.constant.data) }
    const { dims, data } = remaining.shift()!
    const by = part.requantize
    return { dims, data: by === undefined ? data : data.map((x) => clip(requantize(x, by), low, high)) }
  })
}
