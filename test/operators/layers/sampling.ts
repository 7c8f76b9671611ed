// Places reach beyond the ends on both sides, and lie on values and between them.

import fc from 'fast-check'
import { type FixedAxis, type FixedSampling, FRACTION_BITS } from '../../../src/operators/sampling/solve.js'
import { type LayersOfFamily, list, rescaling, sizeOf, tensor } from './arbitraries.js'

const UNIT = 2 ** FRACTION_BITS

const axisOf = (
  size: number,
  beyond: 'zeros' | 'border',
  points: number,
  computed: boolean,
): fc.Arbitrary<FixedAxis> => {
  const [low, high] = beyond === 'zeros' ? [-UNIT, size * UNIT] : [0, (size - 1) * UNIT]
  const places = fc.oneof(
    fc.integer({ min: low, max: high }),
    fc.integer({ min: low / UNIT, max: high / UNIT }).map((i) => i * UNIT),
  )
  return computed
    ? rescaling.map((requantize) => ({ places: { requantize, offset: ((size - 1) / 2) * UNIT }, low, high }))
    : fc
        .array(places, { minLength: points, maxLength: points })
        .map((values) => ({ places: { data: Int32Array.from(values) }, low, high }))
}

export const samplingLayers: LayersOfFamily = {
  kind: 'sampling',
  numRuns: 60,
  layer: (inputBits) =>
    fc
      .record({
        space: fc.oneof(list(2, 1, 5), list(3, 1, 3)),
        points: list(2, 1, 4),
        beyond: fc.constantFrom('zeros', 'border'),
        interpolates: fc.boolean(),
        computed: fc.boolean(),
      })
      .chain(({ space, points: two, beyond, interpolates, computed }) => {
        const points = space.length === 2 ? two : [...two, 2]
        const count = 2 * sizeOf(points)
        return fc
          .tuple(
            tensor([2, 3, ...space], inputBits),
            tensor([2, ...points, space.length], inputBits),
            fc.tuple(...space.map((size) => axisOf(size, beyond, count, computed))),
          )
          .map(([x, grid, axes]) => {
            const inputs = computed ? [x, grid] : [x]
            const operator: FixedSampling = {
              ...{
                kind: 'sampling',
                name: 'sample',
                nodes: [],
                inputs: ['x', 'g'].slice(0, inputs.length),
                outputs: ['y'],
              },
              ...{ batch: 2, channels: 3, space, points, beyond, interpolates, axes },
            }
            return { operator, inputs, bits: inputBits }
          })
      }),
}
