// Sparse initializers become dense ones: constants have one form.

import { toNumber } from '../int64.js'
import { makeTensor, tensorData, tensorDims } from '../tensor.js'
import type { SparseTensorProto, TensorProto } from '../types.js'
import type { ImportStep } from './index.js'

export const denseInitializers: ImportStep = (proto) => {
  const { sparseInitializer = [], ...graph } = proto.graph
  if (sparseInitializer.length === 0) return { proto }
  const initializer = [...graph.initializer, ...sparseInitializer.map(dense)]
  return {
    proto: { ...proto, graph: { ...graph, initializer } },
    line: `sparse initializers made dense: ${sparseInitializer.length}`,
  }
}

function dense({ values, indices, dims: given }: SparseTensorProto): TensorProto {
  const dims = given.map(toNumber)
  const size = dims.reduce((product, dim) => product * dim, 1)
  const some = tensorData(values)
  const places = Array.from(tensorData(indices), Number)
  const [count = 0, rank = 1] = tensorDims(indices)
  const data = new (some.constructor as new (length: number) => typeof some)(size)
  for (let i = 0; i < count; i++) {
    const place = places.slice(i * rank, (i + 1) * rank)
    const at = place.length === 1 ? place[0]! : place.reduce((row, index, axis) => row * dims[axis]! + index, 0)
    data[at] = some[i]!
  }
  return makeTensor(values.name, values.dataType, dims, data)
}
