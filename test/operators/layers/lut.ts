import fc from 'fast-check'
import type { PlannedLut } from '../../../src/operators/lut/plan.js'
import type { FixedLut } from '../../../src/operators/lut/solve.js'
import { pointsOf, type Spacing } from '../../../src/operators/lut/spacing.js'
import { integers, type LayersOfFamily, tensor } from './arbitraries.js'

const dims = fc.constantFrom([2, 3, 4, 5], [7], [])

const evenly: fc.Arbitrary<Spacing> = fc.integer({ min: 4, max: 8 }).map((bits) => ({ kind: 'even', bits }))
const inOctaves: fc.Arbitrary<Spacing> = fc.integer({ min: 3, max: 7 }).map((bits) => ({ kind: 'octaves', bits }))

const layersOf = (kind: PlannedLut['kind'], spacings: fc.Arbitrary<Spacing>): LayersOfFamily => ({
  kind,
  numRuns: 30,
  layer: (inputBits) =>
    fc
      .tuple(inputBits === 8 ? fc.constant(undefined) : spacings, fc.constantFrom(8, 16))
      .chain(([spacing, bits]) => {
        const fractionBits = spacing ? 16 - bits : 0
        const points = spacing ? pointsOf(spacing, inputBits).length : 256
        return fc.tuple(
          fc.constant({ spacing, bits, fractionBits }),
          integers(points, bits + fractionBits),
          dims.chain((dims) => tensor(dims, inputBits)),
        )
      })
      .map(([{ spacing, bits, fractionBits }, entries, input]) => {
        const operator: FixedLut = {
          ...{ kind, name: 'table', nodes: [], inputs: ['x'], outputs: ['y'], label: 'any' },
          ...{ spacing, fractionBits, zero: 0 },
          table: Int16Array.from(entries, (entry) => Math.min(entry, (2 ** (bits - 1) - 1) * 2 ** fractionBits)),
        }
        return { operator, inputs: [input], bits }
      }),
})

export const lutLayers = layersOf('lut', evenly)
export const steepLutLayers = layersOf('steeplut', inOctaves)
