import fc from 'fast-check'
import type { FixedPart } from '../../../src/operators/parts.js'
import type { Choice } from '../../../src/operators/select/plan.js'
import type { FixedSelect } from '../../../src/operators/select/solve.js'
import { type LayersOfFamily, tensor } from './arbitraries.js'
import { constantPart, inputPart } from './concat.js'

interface Chosen {
  readonly choice: Choice
  /** Of the second part; the first is [2, 3, 5]. */
  readonly dims: readonly number[]
}

const condition: fc.Arbitrary<Choice> = fc
  .array(fc.boolean(), { minLength: 5, maxLength: 5 })
  .map((data) => ({ condition: { dims: [5], data } }))

const broadcast: fc.Arbitrary<Chosen> = fc
  .oneof(fc.constantFrom<Choice>('max', 'min'), condition)
  .map((choice) => ({ choice, dims: [3, 1] }))

/** Into places that differ: ONNX does not say which of two values comes last. */
const written: fc.Arbitrary<Chosen> = fc
  .record({
    places: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
    batch: fc.integer({ min: -2, max: 1 }),
    along: fc.boolean(),
    combine: fc.constantFrom('none', 'max', 'min'),
  })
  .map(({ places, batch, along, combine }) => {
    const dims = along ? [1, 1, 3] : [3, 1]
    const data = along ? places : places.flatMap((at) => [batch, at % 3, at])
    const writing = { combine, indices: { dims: along ? dims : [3, 1, 3], data } }
    return { choice: { writing: along ? { ...writing, axis: -1 } : writing }, dims }
  })

const combines = (choice: Choice) =>
  typeof choice === 'object' && 'writing' in choice && choice.writing.combine !== 'none'

const layersOf = (
  kind: string,
  second: (bits: number, dims: readonly number[]) => fc.Arbitrary<FixedPart>,
): LayersOfFamily => ({
  kind,
  numRuns: 60,
  layer: (inputBits) =>
    fc
      .oneof(broadcast, written)
      .chain(({ choice, dims }) =>
        fc.tuple(
          tensor([2, 3, 5], inputBits),
          tensor(dims, inputBits),
          inputPart,
          second(inputBits, dims),
          fc.constant(choice),
        ),
      )
      .map(([x, z, first, second, choice]) => {
        const inputs = 'constant' in second ? [x] : [x, z]
        const operator: FixedSelect = {
          ...{ kind, name: 'select', nodes: [], inputs: ['x', 'z'].slice(0, inputs.length), outputs: ['y'] },
          ...{ choice, parts: [first, second] },
        }
        return { operator, inputs, bits: inputBits, ...(combines(choice) && { leastOpset: 18 }) }
      }),
})

export const selectLayers = layersOf('select', () => inputPart)
export const selectConstantLayers = layersOf('selectconstant', (bits, dims) => constantPart(dims, bits))
