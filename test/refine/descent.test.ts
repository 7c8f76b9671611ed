import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DescentRequest, descendRows } from '../../src/refine/descent.js'
import type { Gram } from '../../src/refine/statistics.js'

/** Codes of some patches, and weights that are to be integers of a scale. */
interface Problem {
  readonly patches: readonly (readonly number[])[]
  readonly weights: readonly number[]
}

const problems: fc.Arbitrary<Problem> = fc.integer({ min: 1, max: 4 }).chain((depth) => {
  const values = { minLength: depth, maxLength: depth }
  return fc.record({
    patches: fc.array(fc.array(fc.integer({ min: -128, max: 127 }), values), { minLength: 8, maxLength: 20 }),
    weights: fc.array(fc.integer({ min: -126_000, max: 126_000 }), values).map((all) => all.map((w) => w / 1000)),
  })
})

function gramOf(patches: Problem['patches']): Gram {
  const depth = patches[0]!.length
  const sum = (of: (patch: readonly number[]) => number) => patches.reduce((total, patch) => total + of(patch), 0)
  const products = new Float64Array(depth * depth)
  for (let k = 0; k < depth; k++) for (let j = 0; j <= k; j++) products[k * depth + j] = sum((p) => p[k]! * p[j]!)
  return { count: patches.length, codes: Float64Array.from({ length: depth }, (_, k) => sum((p) => p[k]!)), products }
}

/** The variance over patches of what integers put wrong: a bias makes up for its mean. */
function variance({ patches, weights }: Problem, integers: ArrayLike<number>): number {
  const errors = patches.map((patch) => patch.reduce((sum, x, k) => sum + x * (weights[k]! - integers[k]!), 0))
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  return errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length
}

/** @param other what the other half of the samples is */
function request(problem: Problem, other = problem): DescentRequest {
  const weights = Float32Array.from(problem.weights)
  const nearest = Int8Array.from(weights, (weight) => Math.round(weight))
  const reading = { groups: 1, depth: weights.length }
  const rows = [{ weights, scale: 1, nearest }]
  return { reading, rows, limit: 127, grams: [gramOf(problem.patches), gramOf(other.patches)] }
}

describe('Integer weights chosen together', () => {
  it('never replace the nearest ones where what either half chose is worse on the other, and their errors are what is said', () => {
    fc.assert(
      fc.property(problems, problems, (problem, other) => {
        fc.pre(problem.weights.length === other.weights.length)
        const second = { ...problem, patches: other.patches }
        const given = request(problem, second)
        const { halves, all, before, after } = descendRows(given)
        const { nearest } = given.rows[0]!
        const error = variance(problem, halves[1][0]!) + variance(second, halves[0][0]!)
        const nearestError = variance(problem, nearest) + variance(second, nearest)
        expect(Math.abs(before - nearestError)).toBeLessThan(1e-4 * nearestError + 0.1)
        expect(Math.abs(after - Math.min(error, nearestError))).toBeLessThan(1e-4 * nearestError + 0.1)
        if (error > nearestError * (1 + 1e-4) + 0.1) expect(all[0]).toEqual(nearest)
        for (const integer of [...all[0]!, ...halves[0][0]!]) expect(Math.abs(integer)).toBeLessThanOrEqual(127)
      }),
    )
  })

  it('are the same by either half and by all where both halves are the same samples, if they are better', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const given = request(problem)
        const { halves, all } = descendRows(given)
        expect(halves[0]).toEqual(halves[1])
        expect([halves[0][0], given.rows[0]!.nearest]).toContainEqual(all[0])
      }),
    )
  })

  it('let errors cancel where inputs vary together', () => {
    // Two inputs that are always equal: 0.4 + 0.4 is nearer to 1 + 0 than to 0 + 0.
    const patches = Array.from({ length: 16 }, (_, i) => [i, i])
    const { all } = descendRows(request({ patches, weights: [0.4, 0.4] }))
    expect([...all[0]!].sort()).toEqual([0, 1])
  })

  it('are the nearest ones where inputs never vary', () => {
    const patches = Array.from({ length: 16 }, () => [5, -7])
    const { all } = descendRows(request({ patches, weights: [0.4, 3.7] }))
    expect([...all[0]!]).toEqual([0, 4])
  })
})
