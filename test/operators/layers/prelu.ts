import fc from 'fast-check'
import type { FixedPrelu } from '../../../src/operators/prelu/solve.js'
import { integers, type LayersOfFamily, rescaling, sizeOf, tensor } from './arbitraries.js'

export const preluLayers: LayersOfFamily = {
  kind: 'prelu',
  numRuns: 60,
  layer: (inputBits) =>
    fc.constantFrom([3, 1, 1], [5], []).chain((dims) =>
      fc
        .tuple(integers(sizeOf(dims), 16), rescaling, tensor([2, 3, 4, 5], inputBits))
        .map(([slopes, { multiplier, shift }, input]) => {
          const operator: FixedPrelu = {
            ...{ kind: 'prelu', name: 'prelu', nodes: [], inputs: ['x'], outputs: ['y'] },
            ...{ above: multiplier, below: { dims, data: Int16Array.from(slopes) }, shift },
          }
          return { operator, inputs: [input], bits: inputBits }
        }),
    ),
}
