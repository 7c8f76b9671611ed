import fc from 'fast-check'
import { integerArray } from '../../../src/fixedpoint/width.js'
import type { FixedConv } from '../../../src/operators/conv/solve.js'
import { integers, type Layer, type LayersOfFamily, list, reachOf, scaleFix, sizeOf, tensor } from './arbitraries.js'

interface ConvShape {
  readonly batch: number
  readonly group: number
  readonly inputs: number
  readonly outputs: number
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  readonly space: readonly number[]
}

/** Groups from one to depthwise, one to three spatial axes, windows that fit. */
const convShape: fc.Arbitrary<ConvShape> = fc.integer({ min: 1, max: 3 }).chain((rank) =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 3 }),
      outputs: fc.integer({ min: 1, max: 3 }),
      kernel: list(rank, 1, 3),
      strides: list(rank, 1, 2),
      dilations: list(rank, 1, 2),
      pads: list(2 * rank, 0, 2),
      room: list(rank, 0, rank === 3 ? 2 : 5),
    })
    .map(({ room, ...shape }) => {
      const space = room.map((extra, axis) => {
        const window = shape.dilations[axis]! * (shape.kernel[axis]! - 1) + 1
        return Math.max(1, window - shape.pads[axis]! - shape.pads[rank + axis]!) + extra
      })
      return { ...shape, space }
    }),
)

/** So many taps that sums come near 2^24 (1024 products of -128 by -128) and pass it. */
const deepShape: fc.Arbitrary<ConvShape> = fc.integer({ min: 1000, max: 1100 }).map((inputs) => {
  const point = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
  return { batch: 1, group: 1, inputs, outputs: 2, space: [1, 2], ...point }
})

function convOf(shape: ConvShape, inputBits: number): fc.Arbitrary<Layer> {
  const { batch, group, inputs, outputs, kernel, space, ...geometry } = shape
  const dims = [group * outputs, inputs, ...kernel]
  // Weights are as wide as inputs, on every chip.
  const parts = fc.tuple(integers(sizeOf(dims), inputBits), tensor([batch, group * inputs, ...space], inputBits))
  return parts.chain(([weights, input]) => {
    const accumulatorBound = reachOf(weights, dims[0]!, inputBits)
    const data = integerArray(inputBits, weights.length)
    data.set(weights)
    return scaleFix(dims[0]!, accumulatorBound).map(({ fix, bits }) => {
      const operator: FixedConv = {
        ...{ kind: 'conv', name: 'conv', nodes: [], inputs: ['x'], outputs: ['y'] },
        ...geometry,
        weights: { dims, data },
        weightScales: new Float64Array(dims[0]!).fill(1),
        group,
        scaleFix: fix,
        accumulatorBound,
      }
      return { operator, inputs: [input], bits }
    })
  })
}

export const convLayers: LayersOfFamily = {
  kind: 'conv',
  numRuns: 300,
  layer: (inputBits) =>
    fc.oneof({ weight: 8, arbitrary: convShape }, deepShape).chain((shape) => convOf(shape, inputBits)),
}
