import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectedError } from '../../src/solve/mse.js'
import { solveThreshold } from '../../src/solve/threshold.js'
import type { Magnitudes } from '../../src/solve/types.js'
import { integratedError, maxMagnitude, meanSquaredError } from './reference.js'
import { histogramOf, tensors } from './samples.js'

/** A few bins, with a maximum somewhere in the last or exactly at its edge. */
const magnitudes: fc.Arbitrary<Magnitudes> = fc
  .record({
    bins: fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 })), {
      minLength: 2,
      maxLength: 30,
    }),
    zeros: fc.integer({ min: 0, max: 50 }),
    beyondEdge: fc.constantFrom(0, 0.25, 0.999),
  })
  .map(({ bins, zeros, beyondEdge }) => {
    const negative = Float64Array.from(bins, ([, below]) => below)
    const counts = Float64Array.from(bins, ([above, below]) => above + below)
    counts[0]! += zeros
    counts[counts.length - 1]! += 1
    const total = counts.reduce((a, b) => a + b, 0)
    return { counts, negative, zeros, total, absmax: counts.length - 1 + beyondEdge }
  })

const share = fc.double({ min: 0.05, max: 1, noNaN: true })

describe('the expected squared error', () => {
  test('is the integral of rounding and clipping errors over the bins', () => {
    fc.assert(
      fc.property(magnitudes, share, fc.constantFrom(3, 7), (tensor, part, qmax) => {
        const threshold = part * tensor.absmax
        fc.pre(threshold / qmax >= 1 / 8)
        const expected = integratedError(tensor, threshold, qmax, 400)
        expect(Math.abs(expectedError(tensor, qmax).at(threshold) - expected)).toBeLessThan(2e-3 * (1 + expected))
      }),
      { numRuns: 150 },
    )
  })

  test('is that integral nearly, where many steps fit a bin', () => {
    fc.assert(
      fc.property(magnitudes, share, (tensor, part) => {
        // Values that all equal the maximum may lie on a step, and then cost less than the average s^2 / 12.
        fc.pre(tensor.absmax > tensor.counts.length - 1)
        const qmax = 400
        const threshold = part * tensor.absmax
        const expected = integratedError(tensor, threshold, qmax, 1500)
        expect(Math.abs(expectedError(tensor, qmax).at(threshold) - expected)).toBeLessThan(0.05 * expected + 1e-3)
      }),
      { numRuns: 40 },
    )
  })

  test('is never below its bound', () => {
    fc.assert(
      fc.property(magnitudes, share, share, (tensor, a, b) => {
        const error = expectedError(tensor, 7)
        const [low, high] = [Math.min(a, b) * tensor.absmax, Math.max(a, b) * tensor.absmax]
        expect(error.at(low)).toBeGreaterThanOrEqual(error.bound(high) * (1 - 1e-9) - 1e-9)
      }),
    )
  })

  test('gives negative values their one integer more', () => {
    const counts = new Float64Array(129)
    counts[128] = 10
    const none = new Float64Array(129)
    const at128 = { counts, zeros: 0, total: 10, absmax: 128 }
    expect(expectedError({ ...at128, negative: counts }, 127).at(127)).toBe(0)
    expect(expectedError({ ...at128, negative: none }, 127).at(127)).toBe(10)
  })
})

describe('mse', () => {
  test.each(Object.entries(tensors))('is as good as any of 500 thresholds on the values of %s', (name, values) => {
    const qmax = 127
    const threshold = solveThreshold(histogramOf(values), 'mse', { percent: 1, qmax })
    const most = maxMagnitude(values)
    let least = Number.POSITIVE_INFINITY
    for (let i = 1; i <= 500; i++) least = Math.min(least, meanSquaredError(values, (most * i) / 500, qmax))
    // Where in a bin the values of a lattice, or a lone one, lie is lost: it costs a bin's width at most.
    const blur = values.length < 100 || /value|integer/.test(name) ? (most / 2048) ** 2 : 0
    expect(meanSquaredError(values, threshold, qmax)).toBeLessThan(1.03 * least + blur)
  })

  test('clips a lone far value at 8 bits when that costs less than the wider step, and not at 16', () => {
    const values = new Float32Array(1e6).map((_, i) => Math.sin(i))
    values[0] = 100
    const solve = (qmax: number) => solveThreshold(histogramOf(values), 'mse', { percent: 1, qmax })
    expect(solve(127)).toBeLessThan(80)
    expect(solve(32767)).toBeGreaterThan(99.9)
  })
})
