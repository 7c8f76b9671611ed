import fc from 'fast-check'
import type { FixedPart } from '../../../src/operators/parts.js'
import type { Choice } from '../../../src/operators/select/plan.js'
import type { FixedSelect } from '../../../src/operators/select/solve.js'
import { type LayersOfFamily, tensor } from './arbitraries.js'
import { constantPart, inputPart } from './concat.js'

const condition: fc.Arbitrary<Choice> = fc
  .array(fc.boolean(), { minLength: 5, maxLength: 5 })
  .map((data) => ({ condition: { dims: [5], data } }))

const choice = fc.oneof(fc.constantFrom<Choice>('max', 'min'), condition)

const layersOf = (kind: string, second: (bits: number) => fc.Arbitrary<FixedPart>): LayersOfFamily => ({
  kind,
  numRuns: 40,
  layer: (inputBits) =>
    fc
      .tuple(tensor([2, 3, 5], inputBits), tensor([3, 1], inputBits), inputPart, second(inputBits), choice)
      .map(([x, z, first, second, choice]) => {
        const inputs = 'constant' in second ? [x] : [x, z]
        const operator: FixedSelect = {
          ...{ kind, name: 'select', nodes: [], inputs: ['x', 'z'].slice(0, inputs.length), outputs: ['y'] },
          ...{ choice, parts: [first, second] },
        }
        return { operator, inputs, bits: inputBits }
      }),
})

export const selectLayers = layersOf('select', () => inputPart)
export const selectConstantLayers = layersOf('selectconstant', (bits) => constantPart([3, 1], bits))
