// One test a failure of kl: kl fails it, kl_v2 does not.

import { describe, expect, test } from 'vitest'
import { solveThreshold } from '../../src/solve/threshold.js'
import { maxMagnitude, meanSquaredError } from './reference.js'
import { type Draw, histogramOf, normal, sigmoid, tensors, uniform, valuesOf } from './samples.js'

const options = { percent: 1, qmax: 127 }
const thresholds = (values: Float32Array) => {
  const histogram = histogramOf(values)
  return {
    kl: solveThreshold(histogram, 'kl', options),
    klV2: solveThreshold(histogram, 'kl_v2', options),
    mse: solveThreshold(histogram, 'mse', options),
  }
}

function drawn(seed: number, count: number, of: (u: Draw, n: Draw) => number): Float32Array {
  const u = uniform(seed)
  const n = normal(u)
  return valuesOf(count, () => of(u, n))
}

const error = (values: Float32Array, threshold: number) => meanSquaredError(values, threshold, 127)
const relu6 = (x: number) => Math.min(6, Math.max(0, x))
const hardSwish = (x: number) => (x * relu6(x + 3)) / 6
const COUNT = 200_000

describe('kl_v2', () => {
  test.each([
    // Two thirds of the values within a step of zero, over several bins.
    ['of small values', drawn(1, COUNT, (u, n) => (u() < 0.67 ? 0.01 : 1) * n())],
    ['of a gate at rest', drawn(2, COUNT, (u, n) => sigmoid(u() < 0.8 ? 0.01 * n() - 2 : 2.5 * n()))],
    ['of a constant background', drawn(3, COUNT, (u, n) => Math.max(0, u() < 0.8 ? 0.01 * n() + 0.4 : n() + 1))],
    ['at the bound of a hard-swish', drawn(9, COUNT, (_, n) => hardSwish(0.7 * n() - 1.4))],
  ])('keeps the values beyond a spike %s, which kl cuts off', (_, values) => {
    const { kl, klV2 } = thresholds(values)
    expect(error(values, kl)).toBeGreaterThan(5 * error(values, klV2))
    expect(error(values, klV2)).toBeLessThan(1.02 * error(values, maxMagnitude(values)))
  })

  test.each([
    [
      'Relu6 of small values and a few large ones',
      6,
      drawn(4, COUNT, (u, n) => relu6(u() < 0.01 ? 4 + 4 * n() : -0.05 * Math.log(u()))),
    ],
    ['Relu6 with a background', 6, drawn(5, COUNT, (u, n) => (u() < 0.6 ? 0.4 : relu6(2.5 * n())))],
    ['softmax that is mostly sure', 1, drawn(6, COUNT, (u, n) => sigmoid(u() < 0.01 ? 4 + 3 * n() : 2 * n() - 6))],
  ])('does not clip at the bound of a %s, as kl does', (_, bound, values) => {
    const { kl, klV2 } = thresholds(values)
    expect(kl).toBeLessThan(0.5 * bound)
    expect(klV2).toBeGreaterThan(0.95 * bound)
    expect(error(values, klV2)).toBeLessThan(0.01 * error(values, kl))
  })

  test('clips no deeper for having seen few samples, as kl does', () => {
    const exponential = (seed: number, count: number) => drawn(seed, count, (u) => -Math.log(u()))
    const many = exponential(100, 100_000)
    const all = Array.from({ length: 10 }, (_, seed) => thresholds(exponential(seed, 1000)))
    const mean = (mode: 'kl' | 'klV2' | 'mse') => all.reduce((sum, found) => sum + error(many, found[mode]), 0) / 10
    expect(mean('kl')).toBeGreaterThan(2 * mean('klV2'))
    expect(mean('klV2')).toBeLessThan(1.1 * mean('mse'))
  })

  test('is smoother than kl where samples are neither few nor many', () => {
    const all = Array.from({ length: 10 }, (_, seed) => thresholds(drawn(seed, 8000, (_, n) => n())))
    const mean = (mode: 'kl' | 'klV2') => all.reduce((sum, found) => sum + found[mode], 0) / 10
    expect(mean('klV2')).toBeGreaterThan(1.03 * mean('kl'))
  })

  test('takes the larger of two equally good thresholds, where kl makes two values one', () => {
    const values = new Float32Array(1e6).fill(0.5)
    values.fill(1, 0, 100)
    const { kl, klV2 } = thresholds(values)
    expect(kl).toBeLessThan(0.51)
    expect(klV2).toBe(1)
  })

  test('is kl where kl does not fail: many samples of a smooth distribution', () => {
    const { kl, klV2 } = thresholds(drawn(7, 500_000, (_, n) => n()))
    expect(Math.abs(klV2 / kl - 1)).toBeLessThan(0.02)
  })

  test.each(Object.entries(tensors))('never costs more than not clipping on %s', (_, values) => {
    // Up to what the histogram cannot see: where in a bin its values lie.
    const blur = (maxMagnitude(values) / 2048) ** 2
    expect(error(values, thresholds(values).klV2)).toBeLessThan(1.02 * error(values, maxMagnitude(values)) + blur)
  })

  test('still clips a far outlier', () => {
    const values = drawn(8, COUNT, (_, n) => n())
    values[0] = 20
    expect(thresholds(values).klV2).toBeLessThan(12)
  })
})
