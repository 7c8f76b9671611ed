import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlannedOperator } from '../../src/operators/types.js'
import { leastNoise, type Measure, reach, type Wide } from '../../src/runs/mix/search.js'

const operator = (name: string): PlannedOperator => ({ kind: 'lut', name, nodes: [], inputs: [], outputs: [] })
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(operator) as [
  PlannedOperator,
  PlannedOperator,
  PlannedOperator,
  PlannedOperator,
]
const order = [a, b, c, d]
const namesOf = (wide: Wide) => wide.map(({ name }) => name).join('')
const costOf = () => 1
/** What remains of a noise of 1. */
const removing =
  (removed: Readonly<Record<string, number>>): Measure =>
  async (wide) =>
    1 - wide.reduce((sum, { name }) => sum + (removed[name] ?? 0), 0)

describe('the mix with the least noise', () => {
  it('is none of those that are measured to be worse than what comes first', async () => {
    const worse: Measure = async (wide) => 1 + wide.length
    expect(await leastNoise([[], [a, b], [a]], worse)).toEqual({ wide: [], noise: 1 })
  })

  it('is the first of equals', async () => {
    expect((await leastNoise([[a], [b]], async () => 0.5)).wide).toEqual([a])
  })
})

describe('the mix that reaches what is asked for', () => {
  const removed = { a: 0.5, b: 0.2, c: 0.2, d: 0.05 }
  const find = (noise: number, least = 0) => reach({ noise, order, least, costOf }, removing(removed))

  it.each([
    ['nothing where 8 bits are enough', 1, ''],
    ['the first operators that are enough', 0.45, 'ab'],
    ['one', 0.5, 'a'],
    ['all', 0.06, 'abcd'],
  ])('is %s', async (_what, noise, names) => {
    expect(namesOf((await find(noise)).wide)).toBe(names)
  })

  it('is the least noisy of those measured where none is enough', async () => {
    const { wide, noise } = await find(0.01)
    expect(namesOf(wide)).toBe('abcd')
    expect(noise).toBeCloseTo(0.05)
    const inVain = await reach({ noise: 0.01, order, least: 0, costOf }, async (some) => 1 + some.length)
    expect(inVain.wide).toEqual([])
  })

  it('does without what the others make unnecessary', async () => {
    // Only c and d help, but shares had promised more of a and b.
    const { wide } = await reach({ noise: 0.3, order, least: 0, costOf }, removing({ c: 0.4, d: 0.4 }))
    expect(namesOf(wide)).toBe('cd')
  })

  it('keeps what is to be in 16 bits anyway', async () => {
    expect(namesOf((await find(0.95, 2)).wide)).toBe('ab')
  })

  it('is enough whenever all operators are, whatever is measured between', async () => {
    const noises = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 })
    await fc.assert(
      fc.asyncProperty(noises, fc.double({ min: 0, max: 1, noNaN: true }), async (all, noise) => {
        const at = (wide: Wide) => wide.reduce((sum, one) => sum + 2 ** order.indexOf(one), 0)
        const found = await reach({ noise, order, least: 0, costOf }, async (wide) => all[at(wide)]!)
        expect(found.noise).toBe(all[at(found.wide)])
        if (Math.min(all[0]!, all[15]!) <= noise) expect(found.noise).toBeLessThanOrEqual(noise)
        else expect(found.noise).toBe(Math.min(all[0]!, all[15]!))
      }),
    )
  })
})
