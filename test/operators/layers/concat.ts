import fc from 'fast-check'
import type { FixedConcat } from '../../../src/operators/concat/solve.js'
import type { FixedPart } from '../../../src/operators/parts.js'
import { integers, type LayersOfFamily, rescaling, sizeOf, tensor } from './arbitraries.js'

const maybe = fc.option(rescaling, { nil: undefined })

/** An input, requantized or not. */
export const inputPart: fc.Arbitrary<FixedPart> = maybe.map((requantize) => ({ requantize }))

export const constantPart = (dims: readonly number[], bits: number): fc.Arbitrary<FixedPart> =>
  integers(sizeOf(dims), bits).map((values) => ({ constant: { dims, data: Int16Array.from(values) } }))

const layersOf = (kind: string, second: (bits: number) => fc.Arbitrary<FixedPart>): LayersOfFamily => ({
  kind,
  numRuns: 40,
  layer: (inputBits) => {
    const part = (size: number) => tensor([2, size, 3], inputBits)
    return fc
      .tuple(
        fc.tuple(part(1), part(4), part(2)),
        fc.tuple(inputPart, second(inputBits), inputPart),
        fc.constantFrom(1, -2),
      )
      .map(([tensors, parts, axis]) => {
        const inputs = tensors.filter((_, index) => 'requantize' in parts[index]!)
        const operator: FixedConcat = {
          ...{ kind, name: 'concat', nodes: [], inputs: ['a', 'b', 'c'].slice(0, inputs.length), outputs: ['y'] },
          ...{ axis, parts },
        }
        return { operator, inputs, bits: inputBits }
      })
  },
})

export const concatLayers = layersOf('concat', () => inputPart)
export const concatConstantLayers = layersOf('concatconstant', (bits) => constantPart([2, 4, 3], bits))
