// Layers of the families that transformers need. They are planned at random and solved, so that tables and shifts go together.

import fc from 'fast-check'
import { chipNames, chipProfile } from '../../../src/fixedpoint/chip.js'
import type { QuantizedTensor } from '../../../src/fixedpoint/types.js'
import type { PlannedAffine } from '../../../src/operators/affine/plan.js'
import { familyOf } from '../../../src/operators/index.js'
import type { PlannedNormalization } from '../../../src/operators/normalization/plan.js'
import type { PlannedProduct } from '../../../src/operators/product/plan.js'
import type { PlannedLogSum, PlannedSoftmax } from '../../../src/operators/softmax/plan.js'
import type { FixedOperator, PlannedOperator } from '../../../src/operators/types.js'
import { type Layer, type LayersOfFamily, sizeOf, tensor } from './arbitraries.js'

const chip = chipNames.map(chipProfile).find(({ bitWidths }) => bitWidths.includes(16))!

interface Planned {
  readonly planned: PlannedOperator
  readonly scales: readonly number[]
  readonly dims: readonly (readonly number[])[]
  readonly outputBits: number
  readonly outputScale: number
}

/** What the chip is given; undefined where a shift would leave its range. */
function solved(one: Planned, bits: number): FixedOperator | undefined {
  const { planned, scales, outputBits, outputScale } = one
  const inputs = planned.inputs.map((name, i): QuantizedTensor => ({ name, bits, scale: Math.fround(scales[i]!) }))
  const output = { name: 'y', bits: outputBits, scale: Math.fround(outputScale) }
  const quantized = new Map([...inputs, output].map((held) => [held.name, held]))
  const result = familyOf(planned).solve(planned, { chip, quantized, ranges: new Map(), lutBits: 10 })
  return 'offence' in result ? undefined : result.operator
}

const layersOf = (kind: string, plans: (bits: number) => fc.Arbitrary<Planned>): LayersOfFamily => ({
  kind,
  numRuns: 40,
  layer: (bits) =>
    plans(bits)
      .map((one) => ({ one, operator: solved(one, bits) }))
      .filter(({ operator }) => operator !== undefined)
      .chain(({ one, operator }) =>
        fc
          .tuple(...one.dims.map((dims) => tensor(dims, bits)))
          .map((inputs): Layer => ({ operator: operator!, inputs, bits: one.outputBits })),
      ),
})

const base = { name: 'one', nodes: [], outputs: ['y'] }
const width = fc.constantFrom(8, 16)
const scale = fc.double({ min: -12, max: 3, noNaN: true }).map((power) => 2 ** power)
const floats = (dims: readonly number[]) =>
  fc
    .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: sizeOf(dims), maxLength: sizeOf(dims) })
    .map((values) => ({ dims, data: Float32Array.from(values) }))

/** Of x, of the factor, of the offset. */
const affineShapes: readonly [number[], number[], number[]][] = [
  [[2, 3, 4], [4], [3, 1]],
  [[1, 5], [], [4, 5]],
  [[3, 4], [2, 3, 4], []],
]

export const affineLayers = layersOf('affine', () =>
  fc.constantFrom(...affineShapes).chain(([dims, factorDims, offsetDims]) =>
    fc
      .tuple(floats(factorDims), floats(offsetDims), width, scale, scale, fc.boolean())
      .map(([factor, offset, outputBits, from, outputScale, clamped]) => {
        const clamp = clamped ? { low: 0, high: 2 } : undefined
        const planned: PlannedAffine = { ...base, kind: 'affine', inputs: ['x'], factor, offset, clamp }
        return { planned, scales: [from], dims: [dims], outputBits, outputScale }
      }),
  ),
)

const productShapes: readonly [number[], number[]][] = [
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 2],
  ],
  [
    [3, 1100],
    [1100, 2],
  ],
]

export const productLayers = layersOf('product', () =>
  fc.tuple(fc.constantFrom(...productShapes), width, scale, scale, scale).map(([dims, outputBits, a, b, c]) => {
    const depth = dims[0].at(-1)!
    const planned: PlannedProduct = { ...base, kind: 'product', inputs: ['a', 'b'], factor: 0.125, depth }
    // Finer scales would need a left shift.
    return { planned, scales: [a, b], dims, outputBits, outputScale: Math.max(c, (a * b) / 2 ** 12) }
  }),
)

export const softmaxLayers = layersOf('softmax', () =>
  fc
    .tuple(fc.constantFrom([2, 7], [1, 2, 600], [3, 1]), fc.constantFrom([-1], [-2], [-2, -1]), width, scale)
    .map(([dims, axes, outputBits, from]) => {
      const length = sizeOf(axes.map((axis) => dims.at(axis)!))
      const planned: PlannedSoftmax = { ...base, kind: 'softmax', inputs: ['x'], axes, length }
      return { planned, scales: [from], dims: [dims], outputBits, outputScale: 1 / (2 ** (outputBits - 1) - 1) }
    }),
)

export const logSumLayers = layersOf('logsum', () =>
  fc
    .record({
      dims: fc.constantFrom([2, 7], [1, 2, 600], [3, 1], [2, 40000]),
      axes: fc.constantFrom([-1], [-2], [-2, -1]),
      outputBits: width,
      from: scale,
      reduces: fc.boolean(),
      keepDims: fc.boolean(),
    })
    .filter(({ dims, axes }) => sizeOf(axes.map((axis) => dims.at(axis)!)) < 2 ** 16)
    .map(({ dims, axes, outputBits, from, reduces, keepDims }) => {
      const length = sizeOf(axes.map((axis) => dims.at(axis)!))
      const row = { axes, length, reduces, keepDims, rank: dims.length }
      const planned: PlannedLogSum = { ...base, kind: 'logsum', inputs: ['x'], ...row }
      return { planned, scales: [from], dims: [dims], outputBits, outputScale: 20 / (2 ** (outputBits - 1) - 1) }
    }),
)

/** Of a factor; one for all of a long row. */
const constantDims = (dims: readonly number[]) => (dims.at(-1)! > 10_000 ? [] : dims.slice(1))

export const normalizationLayers = layersOf('normalization', () =>
  fc
    .record({
      dims: fc.oneof(
        { weight: 15, arbitrary: fc.constantFrom([2, 3, 8], [2, 1, 200], [3, 1, 1], [1, 2, 1500]) },
        fc.constant([1, 1, 40000]),
      ),
      outputBits: width,
      from: scale,
      over: fc.constantFrom({ axes: [-1] }, { axes: [-2, -1] }, { axes: [-2] }, { axes: [-3, -1] }, { groups: 2 }),
      centered: fc.boolean(),
    })
    .chain(({ dims, outputBits, from, over, centered }) =>
      fc.tuple(floats(constantDims(dims)), floats(constantDims(dims).slice(1))).map(([factor, offset]) => {
        // Half of what a batch holds is a group, where it has halves.
        const isGrouped = 'groups' in over && (dims[1]! * dims[2]!) % 2 === 0
        const axes = 'groups' in over ? [-1] : over.axes
        const length = isGrouped ? (dims[1]! * dims[2]!) / 2 : sizeOf(axes.map((axis) => dims.at(axis)!))
        const groups = isGrouped ? { groups: 2 } : {}
        const row = { ...groups, axes, length, epsilon: 1e-5, centered, unit: 1, clamp: undefined }
        const planned: PlannedNormalization = { ...base, kind: 'normalization', inputs: ['x'], ...row, factor, offset }
        return { planned, scales: [from], dims: [dims], outputBits, outputScale: 12 / (2 ** (outputBits - 1) - 1) }
      }),
    ),
)
