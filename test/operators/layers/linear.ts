import fc from 'fast-check'
import { integerArray } from '../../../src/fixedpoint/width.js'
import type { FixedLinear } from '../../../src/operators/linear/solve.js'
import { integers, type Layer, type LayersOfFamily, list, reachOf, scaleFix, tensor } from './arbitraries.js'

function linearOf(depth: number, columns: number, rows: readonly number[], inputBits: number): fc.Arbitrary<Layer> {
  return fc
    .tuple(integers(depth * columns, inputBits), tensor([...rows, depth], inputBits))
    .chain(([weights, input]) => {
      const transposed = weights.map((_, at) => weights[(at % depth) * columns + Math.floor(at / depth)]!)
      const accumulatorBound = reachOf(transposed, columns, inputBits)
      const data = integerArray(inputBits, weights.length)
      data.set(weights)
      return scaleFix(columns, accumulatorBound).map(({ fix, bits }) => {
        const operator: FixedLinear = {
          ...{ kind: 'matmul', name: 'matmul', nodes: [], inputs: ['x'], outputs: ['y'] },
          weights: { dims: [depth, columns], data },
          weightScales: new Float64Array(columns).fill(1),
          scaleFix: fix,
          accumulatorBound,
        }
        return { operator, inputs: [input], bits }
      })
    })
}

const rows = fc.oneof(list(1, 1, 3), list(2, 1, 3), list(3, 1, 2))
/** Beyond 1032 and 2064 rows of bytes, sums leave float32 and a product is two or three. */
const depth = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1000, max: 1100 }),
  fc.integer({ min: 2050, max: 2100 }),
)

export const linearLayers: LayersOfFamily = {
  kind: 'matmul',
  numRuns: 80,
  layer: (inputBits) =>
    fc
      .tuple(depth, fc.integer({ min: 1, max: 4 }), rows)
      .chain(([depth, columns, dims]) => linearOf(depth, columns, dims, inputBits)),
}
