import fc from 'fast-check'
import type { FixedLut } from '../../../src/operators/lut/solve.js'
import { integers, type LayersOfFamily, tensor } from './arbitraries.js'

const dims = fc.constantFrom([2, 3, 4, 5], [7], [])

export const lutLayers: LayersOfFamily = {
  kind: 'lut',
  numRuns: 30,
  layer: (inputBits) => {
    const segmentBits = inputBits === 8 ? fc.constant(0) : fc.integer({ min: 4, max: 8 })
    return segmentBits
      .chain((segmentBits) => {
        const points = 2 ** (inputBits - segmentBits) + (segmentBits > 0 ? 1 : 0)
        return fc.tuple(
          fc.constant(segmentBits),
          integers(points, 16),
          dims.chain((dims) => tensor(dims, inputBits)),
        )
      })
      .map(([segmentBits, entries, input]) => {
        const operator: FixedLut = {
          ...{ kind: 'lut', name: 'table', nodes: [], inputs: ['x'], outputs: ['y'], label: 'any' },
          ...{ segmentBits, table: Int16Array.from(entries) },
        }
        return { operator, inputs: [input], bits: 16 }
      })
  },
}
