import fc from 'fast-check'
import type { FixedExtreme, FixedSum } from '../../../src/operators/reduce/solve.js'
import { type LayersOfFamily, rescaling, shift, sizeOf, tensor } from './arbitraries.js'

const dims = [2, 3, 4, 5]
const reduction = fc.record({ axes: fc.subarray([0, 1, 2, 3], { minLength: 1 }), keepDims: fc.boolean() })
const addends = { sum: ['element', 'magnitude', 'square'], norm: ['norm'] } as const

const layersOf = (kind: 'sum' | 'norm', numRuns: number): LayersOfFamily => ({
  kind,
  numRuns,
  layer: (inputBits) =>
    fc
      .tuple(reduction, fc.constantFrom(...addends[kind]), rescaling, shift, tensor(dims, inputBits))
      .map(([{ axes, keepDims }, addend, by, free, input]) => {
        const length = sizeOf(axes.map((axis) => dims[axis]!))
        // As solved: a product of the sum and a multiplier has 50 bits at most.
        const bits = Math.ceil(Math.log2(length)) + (inputBits - 1) * (addend === 'square' ? 2 : 1)
        const q0 = Math.max(0, bits - 34, addend === 'norm' ? 0 : Math.min(free, 3))
        const operator: FixedSum = {
          ...{ kind, name: 'sum', nodes: [], inputs: ['x'], outputs: ['y'] },
          ...{ axes, keepDims, addend, length, requantize: by, q0 },
          ...{
            rootBits: inputBits === 8 ? 10 : 9,
            inputShift: kind === 'sum' || inputBits === 8 ? 0 : Math.ceil(Math.log2(length) / 2),
          },
        }
        return { operator, inputs: [input], bits: inputBits }
      }),
})

export const sumLayers = layersOf('sum', 60)
export const normLayers = layersOf('norm', 30)

export const extremeLayers: LayersOfFamily = {
  kind: 'extreme',
  numRuns: 30,
  layer: (inputBits) =>
    fc
      .tuple(reduction, fc.constantFrom('max', 'min'), tensor(dims, inputBits))
      .map(([{ axes, keepDims }, extreme, input]) => {
        const operator: FixedExtreme = {
          ...{ kind: 'extreme', name: 'extreme', nodes: [], inputs: ['x'], outputs: ['y'] },
          ...{ axes, keepDims, extreme },
        }
        return { operator, inputs: [input], bits: inputBits }
      }),
}
