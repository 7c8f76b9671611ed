// numpy's .npy files: one sample a file, or one array [N, ...] with a sample a row.

import { SquireError } from '../../../errors.js'
import { readRegular } from '../../../files/regularFile.js'
import { tensorFor } from '../../tensors/convert.js'
import { arrayOf, elementCount, viewBytes } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../../types.js'
import type { Format } from '../types.js'
import { inspectRows } from './arrayReader.js'
import { parseNpyHeader } from './npyHeader.js'
import { arrayInNpy } from './places.js'

export const npy: Format = {
  name: 'npy',
  extensions: ['.npy'],
  sample: {
    allInputs: false,
    reader: (input) => async (file) => ({ [input.name]: npyTensor(await readRegular(file), input) }),
  },
  rows: {
    inspect: ([file], inputs) => inspectRows(file!, inputs, singleArray),
  },
}

/** The array in the bytes of an .npy file, as an input. @throws SquireError DATA */
export function npyTensor(bytes: Uint8Array, input: ModelInput): TensorLike {
  const { type, shape, start } = parseNpyHeader(bytes)
  const count = elementCount(shape)
  const data = bytes.subarray(start)
  if (data.length < count * arrayOf(type).BYTES_PER_ELEMENT) {
    throw new SquireError(
      'DATA',
      `is cut short: ${data.length} bytes of data, expected ${count} of ${type} for shape ${shown(shape)}`,
    )
  }
  return tensorFor(input, type, shape, viewBytes(data, type, count))
}

async function singleArray(path: string, inputs: readonly ModelInput[]) {
  if (inputs.length > 1) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ')
    throw new SquireError(
      'DATA',
      `the model has ${inputs.length} inputs (${names}), but ${path} holds one array: use an .npz file with an array for each`,
    )
  }
  return { inputs: { [inputs[0]!.name]: await arrayInNpy(path) }, labels: undefined }
}
