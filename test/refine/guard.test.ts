import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gainOf } from '../../src/runs/refinement/guard.js'

/** Normal numbers from a seed, by the sum of twelve uniform ones. */
function drawn(seed: number, count: number): number[] {
  let state = seed >>> 0
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6)
}

describe('The guard of refinement', () => {
  it('keeps what makes every sample better by the same, and nothing that changes nothing', () => {
    const before = drawn(1, 20)
    expect(
      gainOf(
        before,
        before.map((noise) => noise - 1),
      ).kept,
    ).toBe(true)
    expect(gainOf(before, before)).toEqual({ significance: 0, kept: false })
  })

  it('takes back what one sample alone speaks for', () => {
    const before = Array.from({ length: 32 }, () => 1)
    const after = before.map((noise, i) => (i === 7 ? 0 : noise))
    expect(gainOf(before, after).kept).toBe(false)
  })

  it('keeps a useless step in about one of twenty cases', () => {
    const cases = 2000
    let kept = 0
    for (let seed = 0; seed < cases; seed++) if (gainOf(drawn(2 * seed, 32), drawn(2 * seed + 1, 32)).kept) kept++
    expect(kept / cases).toBeGreaterThan(0.03)
    expect(kept / cases).toBeLessThan(0.075)
  })

  it('says the opposite of the opposite, in any unit', () => {
    const noises = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(noises, noises, fc.integer({ min: 1, max: 100 }), (before, after, unit) => {
        const { significance } = gainOf(before, after)
        fc.pre(Number.isFinite(significance))
        const scaled = (all: number[]) => all.map((noise) => noise * unit)
        expect(gainOf(scaled(after), scaled(before)).significance).toBeCloseTo(-significance, 6)
      }),
    )
  })
})
