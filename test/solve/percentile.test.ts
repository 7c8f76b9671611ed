import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { solveThreshold } from '../../src/solve/threshold.js'
import { maxMagnitude, percentileByDefinition } from './reference.js'
import { histogramOf, tensors } from './samples.js'

const qmax = 127
const percentileOf = (values: ArrayLike<number>, percent: number) =>
  solveThreshold(histogramOf(values), 'percentile', { percent, qmax })

describe('min_max', () => {
  test.each(Object.entries(tensors))('is the exact largest magnitude of %s', (_, values) => {
    expect(solveThreshold(histogramOf(values), 'min_max', { percent: 1, qmax })).toBe(maxMagnitude(values))
  })
})

describe('percentile', () => {
  test.each(Object.entries(tensors))('of everything is the exact largest magnitude of %s', (_, values) => {
    expect(percentileOf(values, 1)).toBe(maxMagnitude(values))
  })

  test('is the smallest bin edge that keeps the fraction', () => {
    const value = fc.oneof(fc.constant(0), fc.float({ min: -8, max: 8, noNaN: true }))
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 100 }),
        (list, percent) => {
          const values = Float32Array.from(list)
          fc.pre(maxMagnitude(values) > 0)
          const keep = Math.ceil((percent * values.length) / 100)
          expect(percentileOf(values, percent / 100)).toBe(percentileByDefinition(values, keep))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('counts the zeros among the values it keeps', () => {
    // Of ten values, nine are 8 at most, five 0.
    const values = [0, 0, 0, 0, 0, 1, 2, 4, 8, 1000]
    expect(percentileOf(values, 0.9)).toBeCloseTo(8.25, 10)
    expect(percentileOf(values, 0.6)).toBeCloseTo(1.25, 10)
  })

  test('clips nothing where zeros alone make up the fraction', () => {
    expect(percentileOf([0, 0, 0, 0, 0, 0, 0, 0, 0.5, 3], 0.8)).toBe(3)
  })
})
