// Sparse initializers become dense ones: constants have one form.

import { SquireError } from '../../errors.js'
import { toNumber } from '../elements/int64.js'
import { makeTensor, tensorData, tensorDims } from '../tensor.js'
import type { SparseTensorProto, TensorProto } from '../types.js'
import type { ImportStep } from './step.js'

export const denseInitializers: ImportStep = (proto) => {
  const { sparseInitializer = [], ...graph } = proto.graph
  if (sparseInitializer.length === 0) return { proto }
  const initializer = [...graph.initializer, ...sparseInitializer.map(dense)]
  return {
    proto: { ...proto, graph: { ...graph, initializer } },
    line: `sparse initializers made dense: ${sparseInitializer.length}`,
  }
}

/** A dense tensor in the model file itself could not be larger. */
const MOST_BYTES = 2 ** 31

/** @throws SquireError MODEL for dims that no model file has room for, and for a place outside of the tensor */
function dense({ values, indices, dims: given }: SparseTensorProto): TensorProto {
  const dims = given.map(toNumber)
  const size = dims.reduce((product, dim) => product * dim, 1)
  const some = tensorData(values)
  if (!dims.every((dim) => dim >= 0) || size * some.BYTES_PER_ELEMENT > MOST_BYTES) {
    throw wrong(values, `has dims [${dims}]: expected at most ${MOST_BYTES} bytes as a dense tensor`)
  }
  const places = Array.from(tensorData(indices), Number)
  const [count = 0, rank = 1] = tensorDims(indices)
  const data = new (some.constructor as new (length: number) => typeof some)(size)
  for (let i = 0; i < count; i++) {
    const place = places.slice(i * rank, (i + 1) * rank)
    const at = place.length === 1 ? place[0]! : place.reduce((row, index, axis) => row * dims[axis]! + index, 0)
    if (!(at >= 0 && at < size)) throw wrong(values, `has a value at [${place}]: expected places in [${dims}]`)
    data[at] = some[i]!
  }
  return makeTensor(values.name, values.dataType, dims, data)
}

function wrong({ name }: TensorProto, got: string): SquireError {
  return new SquireError('MODEL', `sparse initializer "${name}" ${got}; export the model again with dense weights`)
}
