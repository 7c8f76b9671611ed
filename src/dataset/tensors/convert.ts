// Elements of data files -> the type of the model's input, where no value is lost that the model could see.

import { SquireError } from '../../errors.js'
import { fromFloat16, toFloat16 } from '../../onnx/elements/float16.js'
import type { ElementType, TensorData, TensorValue } from '../../onnx/types.js'
import type { ModelInput } from '../types.js'
import { arrayOf, elementTypeOf, isFloat } from './elements.js'
import { shown } from './inputTensor.js'

/**
 * An array from a file as a tensor for `input`: any number becomes the model's float type (rounded to it), an integer another integer type
 * that holds it, and an array without the batch axis gets one.
 * @throws SquireError DATA where floats would become integers, or an integer does not fit
 */
export function tensorFor(
  input: ModelInput,
  type: ElementType,
  shape: readonly number[],
  data: TensorData,
): TensorValue {
  const wanted = elementTypeOf(input.dataType)
  const dims = shape.length === input.dims.length - 1 ? [1, ...shape] : shape
  if (wanted === undefined || wanted === type) return { type, data, dims }
  return { type: wanted, data: convert(data, type, wanted, input.name), dims }
}

function convert(data: TensorData, from: ElementType, to: ElementType, name: string): TensorData {
  if (from === 'bool' && to === 'uint8') return data
  if (to === 'bool' || (isFloat(from) && !isFloat(to))) {
    throw new SquireError('DATA', `input "${name}" is ${to}, but the data are ${from}`)
  }
  const converted = new (arrayOf(to))(data.length)
  const big = to === 'int64' || to === 'uint64'
  for (let i = 0; i < data.length; i++) {
    const value = from === 'float16' ? fromFloat16(Number(data[i])) : data[i]!
    if (to === 'float16') converted[i] = toFloat16(Number(value))
    else converted[i] = (big ? BigInt(value) : Number(value)) as never
    if (!isFloat(to) && Number(converted[i]) !== Number(value)) {
      throw new SquireError(
        'DATA',
        `input "${name}" is ${to}, which cannot hold ${value} (element ${i} of ${from} data ${shown([data.length])})`,
      )
    }
  }
  return converted
}
