import fc from 'fast-check'
import type { FixedScatter } from '../../../src/operators/scatter/solve.js'
import type { Writing } from '../../../src/operators/writing.js'
import { type LayersOfFamily, rescaling, tensor } from './arbitraries.js'

const dims = [3, 4, 5]

interface Scattered {
  readonly writing: Writing
  /** Of the values. */
  readonly dims: readonly number[]
  readonly length: number
}

const place = (below: number) => fc.integer({ min: -below, max: below - 1 })

const along: fc.Arbitrary<Scattered> = fc
  .array(place(4), { minLength: 2 * 7 * 3, maxLength: 2 * 7 * 3 })
  .map((data) => ({
    writing: { combine: 'add', indices: { dims: [2, 7, 3], data }, axis: 1 },
    ...{ dims: [2, 7, 3], length: 7 },
  }))

const tuples: fc.Arbitrary<Scattered> = fc
  .array(fc.tuple(place(3), place(4)), { minLength: 6, maxLength: 6 })
  .map((pairs) => ({
    writing: { combine: 'add', indices: { dims: [6, 2], data: pairs.flat() } },
    ...{ dims: [6, 5], length: 6 },
  }))

export const scatterLayers: LayersOfFamily = {
  kind: 'scatter',
  numRuns: 40,
  layer: (inputBits) =>
    fc
      .oneof(along, tuples)
      .chain((scattered) => fc.tuple(fc.constant(scattered), rescaling, tensor(scattered.dims, inputBits)))
      .map(([{ writing, length }, requantize, input]) => {
        const operator: FixedScatter = {
          ...{ kind: 'scatter', name: 'scatter', nodes: [], inputs: ['x'], outputs: ['y'] },
          ...{ writing, dims, length, q0: 0, requantize },
        }
        return { operator, inputs: [input], bits: inputBits, leastOpset: 16 }
      }),
}
