import fc from 'fast-check'
import type { FixedRequantize } from '../../../src/operators/requantize/solve.js'
import { type LayersOfFamily, rescaling, tensor } from './arbitraries.js'

export const requantizeLayers: LayersOfFamily = {
  kind: 'requantize',
  numRuns: 40,
  layer: (inputBits) =>
    fc.tuple(tensor([2, 3, 4], inputBits), rescaling).map(([input, by]) => {
      const operator: FixedRequantize = {
        ...{ kind: 'requantize', name: 'requantize', nodes: [], inputs: ['x'], outputs: ['y'] },
        requantize: by,
      }
      return { operator, inputs: [input], bits: 8 }
    }),
}
