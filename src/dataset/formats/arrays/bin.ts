// Raw elements without a header: the model's own type and shape, one sample a file.

import { SquireError } from '../../../errors.js'
import { readRegular } from '../../../files/regularFile.js'
import { arrayOf, elementCount, elementTypeOf, viewBytes } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../../types.js'
import type { Format } from '../types.js'

export const bin: Format = {
  name: 'bin',
  extensions: ['.bin'],
  sample: {
    allInputs: false,
    reader(input) {
      const dims = binDims(input)
      return async (file) => ({ [input.name]: binTensor(await readRegular(file), input, dims) })
    },
  },
}

/** A .bin file has no shape of its own: the model's, one sample where the first axis is dynamic. */
function binDims(input: ModelInput): readonly number[] {
  const dims = input.dims.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? 1 : dim))
  if (dims.every((dim) => typeof dim === 'number')) return dims
  throw new SquireError(
    'DATA',
    `.bin files cannot feed input "${input.name}" with dims ${shown(input.dims)}: they have no shape. Use .npy files`,
  )
}

function binTensor(bytes: Uint8Array, input: ModelInput, dims: readonly number[]): TensorLike {
  const type = elementTypeOf(input.dataType)
  if (type === undefined)
    throw new SquireError('DATA', `.bin files cannot feed input "${input.name}" of ONNX type ${input.dataType}`)
  const size = arrayOf(type).BYTES_PER_ELEMENT
  const row = elementCount(dims.slice(1)) * size
  const batch = elementCount(dims) * size
  if (bytes.length !== batch && bytes.length !== row) {
    throw new SquireError(
      'DATA',
      `has ${bytes.length} bytes, expected ${batch} for ${type} ${shown(dims)} of input "${input.name}"`,
    )
  }
  return {
    type,
    data: viewBytes(bytes, type, bytes.length / size),
    dims: bytes.length === batch ? dims : [1, ...dims.slice(1)],
  }
}
