// What holds for every mode, at every width, for every tensor.

import { describe, expect, test } from 'vitest'
import { quantModes } from '../../src/config/config.js'
import { emptyHistogram, widen } from '../../src/histogram/histogram.js'
import { solveThreshold, ZERO_TENSOR_THRESHOLD } from '../../src/solve/threshold.js'
import { maxMagnitude, meanSquaredError } from './reference.js'
import { histogramOf, repeated, tensors } from './samples.js'

const named = Object.entries(tensors)
const cases = quantModes.flatMap((mode) => [127, 32767].map((qmax) => ({ mode, qmax })))

describe.each(cases)('$mode with $qmax qmax', ({ mode, qmax }) => {
  const options = { percent: 0.999, qmax }
  const solve = (values: ArrayLike<number>) => solveThreshold(histogramOf(values), mode, options)

  test.each(named)('is above 0 and at most the largest magnitude of %s', (_, values) => {
    const threshold = solve(values)
    expect(threshold).toBeGreaterThan(0)
    expect(threshold).toBeLessThanOrEqual(maxMagnitude(values))
  })

  test.each(named)('scales exactly with powers of two on %s', (_, values) => {
    for (const power of [-60, -1, 3, 20]) {
      expect(solve(values.map((x) => x * 2 ** power))).toBe(solve(values) * 2 ** power)
    }
  })

  test.each(named)('depends on the histogram alone, which it leaves as it was, on %s', (_, values) => {
    const histogram = histogramOf(values)
    const copy = structuredClone(histogram)
    const threshold = solveThreshold(histogram, mode, options)
    expect(histogram).toEqual(copy)
    expect(solveThreshold(copy, mode, options)).toBe(threshold)
    expect(solve(values.slice().reverse())).toBe(threshold)
  })

  test.each(named)('takes the sign only for the one negative integer more on %s', (_, values) => {
    const mirrored = solve(values.map((x) => -x))
    if (mode !== 'mse' && mode !== 'kl_v2') expect(mirrored).toBe(solve(values))
    else expect(Math.abs(mirrored / solve(values) - 1)).toBeLessThan(0.05)
  })

  test.each(named)('stays in range with 10^12 times the counts of %s', (_, values) => {
    const threshold = solveThreshold(repeated(histogramOf(values), 1e12 / 5000), mode, options)
    expect(threshold).toBeGreaterThan(0)
    expect(threshold).toBeLessThanOrEqual(maxMagnitude(values))
  })

  test('is 1 for a tensor of zeros and for one that was never seen', () => {
    expect(solve(new Float32Array(10))).toBe(ZERO_TENSOR_THRESHOLD)
    expect(solve([])).toBe(ZERO_TENSOR_THRESHOLD)
    expect(solveThreshold(emptyHistogram(), mode, options)).toBe(1)
  })

  test.each(['one value', 'one negative value', 'one value many times'])('represents %s', (name) => {
    const values = tensors[name]!
    expect(solve(values) / maxMagnitude(values)).toBeGreaterThan(0.99)
  })

  test('is found for float32 at both ends of its range', () => {
    for (const value of [2 ** -149, 3.4028234663852886e38]) expect(solve([value]) / value).toBeGreaterThan(0.99)
  })
})

describe.each(['min_max', 'percentile', 'mse'] as const)('%s', (mode) => {
  test.each(['a normal distribution', 'a Relu6', 'a Laplace distribution'])(
    'does not need the finest bins on %s',
    (name) => {
      const values = tensors[name]!
      const options = { percent: 0.999, qmax: 127 }
      const histogram = histogramOf(values)
      const fine = solveThreshold(histogram, mode, options)
      const coarse = solveThreshold(widen(histogram, histogram.exponent + 2), mode, options)
      if (mode !== 'mse') expect(Math.abs(coarse - fine)).toBeLessThanOrEqual(2 ** (histogram.exponent + 2 - 12))
      else expect(meanSquaredError(values, coarse, 127)).toBeLessThan(1.02 * meanSquaredError(values, fine, 127))
    },
  )
})
