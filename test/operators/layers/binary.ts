import fc from 'fast-check'
import type { IntTensor } from '../../../src/fixedpoint/types.js'
import type { FixedAdd, FixedMul } from '../../../src/operators/binary/solve.js'
import type { FixedQuotient } from '../../../src/operators/quotient/solve.js'
import { bounds, type LayersOfFamily, requantize, rescaling, shift, tensor } from './arbitraries.js'

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

const addends = fc.array(requantize, { minLength: 4, maxLength: 4 })

export const addLayers: LayersOfFamily = {
  kind: 'add',
  numRuns: 100,
  layer: (inputBits) =>
    fc
      .tuple(pair(inputBits), fc.array(tensor([], inputBits), { maxLength: 2 }), addends, shift, bounds)
      .map(([pair, more, by, q2, { bits, low, high }]) => {
        const inputs = [...pair, ...more]
        const operator: FixedAdd = {
          ...{
            kind: 'add',
            name: 'add',
            nodes: [],
            inputs: ['a', 'b', 'c', 'd'].slice(0, inputs.length),
            outputs: ['y'],
          },
          ...{ requantize: by.slice(0, inputs.length), q2, low, high },
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

export const quotientLayers: LayersOfFamily = {
  kind: 'quotient',
  numRuns: 100,
  layer: (inputBits) =>
    fc.tuple(pair(inputBits), rescaling, bounds).map(([inputs, by, { bits, low, high }]) => {
      const operator: FixedQuotient = {
        ...{ kind: 'quotient', name: 'quotient', nodes: [], inputs: ['a', 'b'], outputs: ['y'] },
        ...{ requantize: by, low, high },
      }
      return { operator, inputs, bits }
    }),
}
