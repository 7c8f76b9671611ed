// Places reach beyond the ends on both sides, and lie on values and between them.

import fc from 'fast-check'
import { type FixedAxis, type FixedSampling, FRACTION_BITS } from '../../../src/operators/sampling/solve.js'
import { type LayersOfFamily, list, rescaling, sizeOf, tensor } from './arbitraries.js'

const UNIT = 2 ** FRACTION_BITS

/** Some shares, not those of a cube: the sums leave the range on both sides. */
const shares = Int32Array.from({ length: 4 * UNIT }, (_, at) => ((at * 37) % 5000) - 900)

const axisOf = (
  size: number,
  { beyond, method }: Pick<FixedSampling, 'beyond' | 'method'>,
  points: number,
  computed: boolean,
): fc.Arbitrary<FixedAxis> => {
  const last = (size - 1) * UNIT
  const reach = method === 'cubic' ? 2 * UNIT : UNIT
  const edge = (size % 2) * (UNIT / 2)
  const kept = beyond === 'reflection' && method === 'cubic' ? edge : 0
  const [low, high] = beyond === 'zeros' ? [-reach, last + reach] : [-kept, last + kept]
  const mirrors = beyond === 'reflection' ? ([-edge, last + edge] as const) : undefined
  const ends = { mirrors, low, high }
  const places = fc.oneof(
    fc.integer({ min: low, max: high }),
    fc.integer({ min: Math.ceil(low / UNIT), max: Math.floor(high / UNIT) }).map((i) => i * UNIT),
  )
  return computed
    ? rescaling.map((requantize) => ({ places: { requantize, offset: ((size - 1) / 2) * UNIT }, ...ends }))
    : fc
        .array(places, { minLength: points, maxLength: points })
        .map((values) => ({ places: { data: Int32Array.from(values) }, ...ends }))
}

export const samplingLayers: LayersOfFamily = {
  kind: 'sampling',
  numRuns: 60,
  layer: (inputBits) =>
    fc
      .record({
        space: fc.oneof(list(2, 2, 5), list(3, 2, 3)),
        points: list(2, 1, 4),
        beyond: fc.constantFrom('zeros', 'border', 'reflection'),
        method: fc.constantFrom('nearest', 'linear', 'cubic'),
        computed: fc.boolean(),
      })
      .chain(({ space, points: two, beyond, method: drawn, computed }) => {
        // A cube has 64 corners in a volume, and the runtime has none.
        const method = drawn === 'cubic' && space.length === 3 ? 'linear' : drawn
        const points = space.length === 2 ? two : [...two, 2]
        const count = 2 * sizeOf(points)
        return fc
          .tuple(
            tensor([2, 3, ...space], inputBits),
            tensor([2, ...points, space.length], inputBits),
            fc.tuple(...space.map((size) => axisOf(size, { beyond, method }, count, computed))),
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
              ...{
                batch: 2,
                channels: 3,
                space,
                points,
                beyond,
                method,
                axes,
                cubic: method === 'cubic' ? shares : undefined,
              },
            }
            return { operator, inputs, bits: inputBits }
          })
      }),
}
