import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blocksOf, MOST_PRODUCTS, productsOf } from '../../src/refine/blocks.js'
import { drawPositions, GramSum } from '../../src/refine/gram.js'
import { Patches } from '../../src/refine/reading.js'
import { addGrams, addMeans, type Gram, inFractions, type Means } from '../../src/refine/statistics.js'
import { convolutions, products, type Read } from './arbitraries.js'

/** By its definition, in whole numbers. */
function slowGram({ reading, dims, values }: Read, positions: Uint32Array): Gram {
  const { groups, depth } = reading
  const patches = new Patches(reading, dims)
  const codes: number[] = []
  const sums: number[] = []
  for (let group = 0; group < groups; group++) {
    const rows = new Int16Array(depth * positions.length)
    patches.gather(values, group, patches.locate(positions), rows, positions.length)
    const value = (k: number, p: number) => rows[k * positions.length + p]!
    const total = (of: (p: number) => number) => [...positions.keys()].reduce((sum, p) => sum + of(p), 0)
    for (let k = 0; k < depth; k++) codes.push(total((p) => value(k, p)))
    for (let k = 0; k < depth; k++) {
      for (let j = 0; j < depth; j++) sums.push(j <= k ? total((p) => value(k, p) * value(j, p)) : 0)
    }
  }
  return { count: positions.length, codes: Float64Array.from(codes), products: Float64Array.from(sums) }
}

describe('The Gram matrix of an operator’s input', () => {
  it.each([8, 16])('is exact for codes of %i bits', (bits) => {
    fc.assert(
      fc.property(
        fc.oneof(convolutions(bits), products(bits)),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 2000 }),
        (read, most, seed, memory) => {
          const patches = new Patches(read.reading, read.dims)
          const sum = new GramSum(read.reading, bits, memory)
          for (const one of [seed, seed + 1]) sum.add({ values: read.values, patches, most, seed: one })
          const [first, second] = [seed, seed + 1].map((one) => slowGram(read, drawPositions(patches.count, most, one)))
          expect(sum.result()).toEqual(addGrams(first, second!))
        },
      ),
    )
  })

  it('is exact where every product is the largest there is', () => {
    const depth = 9
    const values = new Float32Array(depth * 16384).fill(-128)
    const reading = { groups: 1, depth, window: undefined }
    const patches = new Patches(reading, [16384, depth])
    const sum = new GramSum(reading, 8, values.length * 2)
    sum.add({ values, patches, most: 16384, seed: 1 })
    const gram = sum.result()
    expect(gram.products[0]).toBe(16384 * 16384)
    expect(gram.products[depth * depth - 1]).toBe(16384 * 16384)
  })

  it('has one drawn position in each of equal stretches, which the seed alone decides', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (count, most, seed) => {
          const drawn = [...drawPositions(count, most, seed)]
          expect(drawn).toHaveLength(Math.min(count, most))
          if (count > most) {
            for (const [i, position] of drawn.entries()) {
              expect(position).toBeGreaterThanOrEqual(Math.floor((i * count) / most))
              expect(position).toBeLessThan(Math.floor(((i + 1) * count) / most))
            }
          }
          expect([...drawPositions(count, most, seed)]).toEqual(drawn)
        },
      ),
    )
    expect([...drawPositions(5000, 20, 1)]).not.toEqual([...drawPositions(5000, 20, 2)])
  })
})

describe('Blocks of a row', () => {
  it('cover every weight once, and their products stay within what is held', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40_000 }), fc.constantFrom(1, 3, 64), (depth, groups) => {
        fc.pre(4 * depth * groups <= MOST_PRODUCTS)
        const blocks = blocksOf({ depth, groups })
        expect(blocks.reduce((end, { from, size }) => (from === end ? end + size : Number.NaN), 0)).toBe(depth)
        expect(groups * productsOf(blocks)).toBeLessThanOrEqual(MOST_PRODUCTS)
        expect(blocks.every(({ from }) => from % 4 === 0)).toBe(true)
      }),
    )
  })
})

describe('Sums of refinement', () => {
  const numbers = fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 3, maxLength: 3 })
  const some = fc.record({ count: fc.nat(), first: numbers, second: numbers })

  it('have no order', () => {
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 5 }), (all) => {
        const means = () =>
          all.map(({ count, first }): Means => {
            return { count, sums: Float64Array.from(first) }
          })
        const grams = () =>
          all.map(({ count, first, second }): Gram => {
            return { count, codes: Float64Array.from(first), products: Float64Array.from(second) }
          })
        expect(means().reverse().reduce(addMeans)).toEqual(means().reduce(addMeans))
        expect(grams().reverse().reduce(addGrams)).toEqual(grams().reduce(addGrams))
      }),
    )
  })

  it('take real values as whole fractions of a code, and none for what is no number', () => {
    expect([...inFractions([1, -0.5, Number.NaN, Number.POSITIVE_INFINITY], 0.5)]).toEqual([512, -256, 0, 2 ** 23])
  })
})
