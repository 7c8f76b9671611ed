import { expect, it } from 'vitest'
import { denseInitializers } from '../../../src/onnx/import/denseInitializers.js'
import { tensorData } from '../../../src/onnx/tensor.js'
import type { TensorProto } from '../../../src/onnx/types.js'
import { floats, longs, model } from '../models.js'

const madeDense = (dims: readonly number[], places: TensorProto) => {
  const proto = model({ nodes: [] })
  const sparseInitializer = [{ values: floats('w', [2], [1, -2]), indices: places, dims: [...dims] }]
  return denseInitializers({ ...proto, graph: { ...proto.graph, sparseInitializer } }).proto.graph.initializer[0]!
}

it('puts values in their places', () => {
  expect([...tensorData(madeDense([2, 2], longs('', [2, 2], [0, 1, 1, 0])))]).toEqual([0, 1, -2, 0])
})

it.each<[string, readonly number[], TensorProto, RegExp]>([
  ['of more bytes than a model file has', [2 ** 40, 2 ** 20], longs('', [2], [0, 1]), /"w" has dims.*expected at most/],
  ['of negative dims', [-1, 2], longs('', [2], [0, 1]), /"w" has dims \[-1,2\]/],
  ['with a value outside', [2, 2], longs('', [2], [0, 4]), /"w" has a value at \[4\]: expected places in \[2,2\]/],
])('refuses a sparse tensor %s', (_, dims, places, message) => {
  expect(() => madeDense(dims, places)).toThrow(message)
})
