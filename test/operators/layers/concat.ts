import fc from 'fast-check'
import type { FixedConcat } from '../../../src/operators/concat/solve.js'
import { type LayersOfFamily, rescaling, tensor } from './arbitraries.js'

const maybe = fc.option(rescaling, { nil: undefined })

export const concatLayers: LayersOfFamily = {
  kind: 'concat',
  numRuns: 40,
  layer: (inputBits) => {
    const part = (size: number) => tensor([2, size, 3], inputBits)
    return fc
      .tuple(fc.tuple(part(1), part(4), part(2)), fc.tuple(maybe, maybe, rescaling), fc.constantFrom(1, -2))
      .map(([inputs, by, axis]) => {
        const operator: FixedConcat = {
          ...{ kind: 'concat', name: 'concat', nodes: [], inputs: ['a', 'b', 'c'], outputs: ['y'] },
          ...{ axis, requantize: by },
        }
        return { operator, inputs, bits: inputBits }
      })
  },
}
