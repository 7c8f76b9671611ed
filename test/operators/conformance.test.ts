// One suite over the registry: any layer of any family, at every width of its inputs that a chip has, gives the oracle's integers in
// onnxruntime with all optimizations on; and the integers lie within the ranges that the family promises.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chipNames, chipProfile } from '../../src/fixedpoint/chip.js'
import { rangeOf } from '../../src/fixedpoint/width.js'
import { families, familyOf } from '../../src/operators/index.js'
import { expectOracle } from '../export/oneLayer.js'
import { layers } from './layers/index.js'

/** Of the source: below 13 the integer model is raised to 13, from there on it keeps the source's. */
const opset = fc.constantFrom(7, 11, 13, 15, 18, 22)

/** One chip for each way to compute on inputs of a width. */
const arithmetics = new Map(
  chipNames
    .map(chipProfile)
    .flatMap((chip) =>
      chip.bitWidths.map((bits) => [JSON.stringify([bits, chip.accumulators[bits]]), { chip, bits }] as const),
    ),
)

it('every family with arithmetic of its own has layers to be tried with', () => {
  const kinds = families.filter(({ reference }) => reference !== undefined).map(({ kind }) => kind)
  expect(new Set(layers.map(({ kind }) => kind))).toEqual(new Set(kinds))
})

describe.each(layers)('$kind', ({ kind, layer, numRuns }) => {
  it.each([...arithmetics.values()])(
    'computes the integers of the oracle on $bits bits, within its ranges',
    async ({ chip, bits }) => {
      const law = fc.asyncProperty(layer(bits), opset, async (drawn, version) => {
        const one = typeof drawn === 'function' ? await drawn() : drawn
        const { operator, inputs, bits: outputBits, leastOpset = 7, steps } = one
        expect(operator.kind).toBe(kind)
        const opset = steps?.opset ?? Math.max(version, leastOpset)
        const results = await expectOracle(operator, inputs, outputBits, opset, { chip, bits }, steps)
        const outputs = operator.outputs.map((name) => ({ name, scale: 1, bits: outputBits }))
        const ranges = familyOf(operator).ranges(
          operator,
          inputs.map(({ data }) => spanOf([...data, 0])),
          outputs,
        )
        for (const [index, result] of results.entries()) {
          const [low, high] = ranges[index] ?? rangeOf(outputBits)
          const [least, most] = spanOf([...result.data])
          expect(least >= low && most <= high, `${least} to ${most} within ${low} to ${high}`).toBe(true)
        }
      })
      await fc.assert(law, { numRuns })
    },
  )
})

function spanOf(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)]
}
