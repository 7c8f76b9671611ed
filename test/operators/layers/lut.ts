import fc from 'fast-check'
import type { FixedLut } from '../../../src/operators/lut/solve.js'
import { integers, type LayersOfFamily, tensor } from './arbitraries.js'

const dims = fc.constantFrom([2, 3, 4, 5], [7], [])

export const lutLayers: LayersOfFamily = {
  kind: 'lut',
  numRuns: 30,
  layer: (inputBits) => {
    const segmentBits = inputBits === 8 ? fc.constant(0) : fc.integer({ min: 4, max: 8 })
    const bits = fc.constantFrom(8, 16)
    return fc
      .tuple(segmentBits, bits)
      .chain(([segmentBits, bits]) => {
        const points = 2 ** (inputBits - segmentBits) + (segmentBits > 0 ? 1 : 0)
        return fc.tuple(
          fc.constant({ segmentBits, bits, fractionBits: segmentBits > 0 ? 16 - bits : 0 }),
          integers(points, segmentBits > 0 ? 16 : bits),
          dims.chain((dims) => tensor(dims, inputBits)),
        )
      })
      .map(([{ segmentBits, fractionBits, bits }, entries, input]) => {
        const operator: FixedLut = {
          ...{ kind: 'lut', name: 'table', nodes: [], inputs: ['x'], outputs: ['y'], label: 'any' },
          ...{
            segmentBits,
            fractionBits,
            table: Int16Array.from(entries, (entry) => Math.min(entry, 2 ** 15 - 2 ** fractionBits)),
          },
        }
        return { operator, inputs: [input], bits }
      })
  },
}
