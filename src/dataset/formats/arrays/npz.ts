// numpy's .npz files: an array for each input; one sample a file, or arrays [N, ...] with a sample a row.

import { tensorFor } from '../../tensors/convert.js'
import type { TensorLike } from '../../types.js'
import type { Format } from '../types.js'
import { inspectRows } from './arrayReader.js'
import { arraysInNpz, readPlace } from './places.js'

export const npz: Format = {
  name: 'npz',
  extensions: ['.npz'],
  sample: {
    allInputs: true,
    reader: (_input, inputs) => async (file) => {
      const arrays = await arraysInNpz(file, inputs)
      const tensors: Record<string, TensorLike> = {}
      for (const input of inputs) {
        const place = arrays.inputs[input.name]!
        tensors[input.name] = tensorFor(input, place.type, place.shape, await readPlace(place))
      }
      return tensors
    },
  },
  rows: {
    inspect: ([file], inputs, scratch) => inspectRows(file!, inputs, (path) => arraysInNpz(path, inputs, scratch)),
  },
}
