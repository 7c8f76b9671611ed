import fc from 'fast-check'
import type { IntTensor } from '../../../src/fixedpoint/types.js'
import type { FixedAdd, FixedMul } from '../../../src/operators/binary/solve.js'
import { bounds, type LayersOfFamily, requantize, shift, tensor } from './arbitraries.js'

/** Two shapes that broadcast. */
const pair = (inputBits: number): fc.Arbitrary<[IntTensor, IntTensor]> =>
  fc
    .constantFrom<[number[], number[]]>(
      [
        [2, 3, 4, 5],
        [2, 3, 4, 5],
      ],
      [
        [1, 3, 4, 5],
        [1, 3, 1, 1],
      ],
      [
        [2, 1, 4],
        [3, 1],
      ],
      [[], [7]],
    )
    .chain(([left, right]) => fc.tuple(tensor(left, inputBits), tensor(right, inputBits)))

export const addLayers: LayersOfFamily = {
  kind: 'add',
  numRuns: 100,
  layer: (inputBits) =>
    fc
      .tuple(pair(inputBits), requantize, requantize, shift, bounds)
      .map(([inputs, first, second, q2, { bits, low, high }]) => {
        const operator: FixedAdd = {
          ...{ kind: 'add', name: 'add', nodes: [], inputs: ['a', 'b'], outputs: ['y'] },
          ...{ requantize: [first, second], q2, low, high },
        }
        return { operator, inputs, bits }
      }),
}

export const mulLayers: LayersOfFamily = {
  kind: 'mul',
  numRuns: 80,
  layer: (inputBits) =>
    fc.tuple(pair(inputBits), requantize, bounds).map(([inputs, by, { bits, low, high }]) => {
      const operator: FixedMul = {
        ...{ kind: 'mul', name: 'mul', nodes: [], inputs: ['a', 'b'], outputs: ['y'] },
        ...{ requantize: by, low, high },
      }
      return { operator, inputs, bits }
    }),
}
