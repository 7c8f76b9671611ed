import fc from 'fast-check'
import type { FixedInterpolation, FixedResampling } from '../../../src/operators/interpolation/solve.js'
import { integers, type LayersOfFamily, rescaling, tensor } from './arbitraries.js'

const dims = [2, 3, 4, 5]

const resampling = (axis: number): fc.Arbitrary<FixedResampling> => {
  const from = dims.at(axis)!
  return fc
    .integer({ min: 1, max: 7 })
    .chain((to) =>
      integers(to * from, 8).map((weights) => ({ axis, from, to, weights: Int16Array.from(weights), fractionBits: 0 })),
    )
}

export const interpolationLayers: LayersOfFamily = {
  kind: 'interpolation',
  numRuns: 60,
  layer: (inputBits) =>
    fc
      .tuple(fc.subarray([-1, -2, -3], { minLength: 1 }), rescaling, tensor(dims, inputBits))
      .chain(([axes, by, input]) =>
        fc.tuple(...axes.map(resampling)).map((resamplings) => {
          const operator: FixedInterpolation = {
            ...{ kind: 'interpolation', name: 'resize', nodes: [], inputs: ['x'], outputs: ['y'] },
            // Sums of 8-bit weights over at most five inputs an axis.
            ...{ rank: 4, resamplings, q0: Math.max(0, inputBits + 10 * axes.length - 34), requantize: by },
            ...{ low: -128, high: 127 },
          }
          return { operator, inputs: [input], bits: 8 }
        }),
      ),
}
