import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { mapHistogram } from '../../src/histogram/map.js'
import { BINS_PER_SIGN, type Histogram } from '../../src/histogram/types.js'

const functions = {
  hardSwish: (x: number) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  leaky: (x: number) => (x < 0 ? x / 8 : x),
}
const values = fc.array(fc.oneof(fc.constant(0), fc.float({ min: -64, max: 64, noNaN: true })), {
  minLength: 1,
  maxLength: 300,
})
const of = (data: readonly number[]) => observe(emptyHistogram(), Float32Array.from(data))

/** How many values are at most y, judged by the bins' middles. */
function atMost({ counts, exponent }: Histogram, y: number): number {
  const width = 2 ** exponent / BINS_PER_SIGN
  return counts.reduce((sum, count, i) => {
    const middle = i < BINS_PER_SIGN ? (i + 0.5) * width : -(i - BINS_PER_SIGN + 0.5) * width
    return middle <= y ? sum + count : sum
  }, 0)
}

describe.each(Object.entries(functions))('the image of a histogram under %s', (_, f) => {
  it('has as many values, and every one no further off than half a bin of x and one of y', () => {
    fc.assert(
      fc.property(values, (data) => {
        const x = of(data)
        const image = mapHistogram(x, f)
        const direct = data.map((value) => f(Math.fround(value)))
        expect(image.count).toBe(data.length)
        expect(image.counts.reduce((a, b) => a + b)).toBe(data.length)
        // Slopes are at most 1.5.
        const slack = (1.5 * 2 ** x.exponent) / BINS_PER_SIGN + 2 ** image.exponent / BINS_PER_SIGN
        for (const y of direct.slice(0, 20)) {
          expect(atMost(image, y + slack)).toBeGreaterThanOrEqual(direct.filter((other) => other <= y).length)
          expect(atMost(image, y - slack)).toBeLessThanOrEqual(direct.filter((other) => other < y).length)
        }
        expect(Math.abs(image.max - Math.max(...direct))).toBeLessThanOrEqual(slack)
        expect(Math.abs(image.min - Math.min(...direct))).toBeLessThanOrEqual(slack)
      }),
    )
  })
})

describe('the image of a histogram', () => {
  it('keeps the extremes of an increasing function, and exact zeros, exactly', () => {
    const image = mapHistogram(of([-3.3, 0, 0, 1.7]), Math.tanh)
    expect(image.max).toBe(Math.tanh(Math.fround(1.7)))
    expect(image.min).toBe(Math.tanh(Math.fround(-3.3)))
    expect(image.zeros).toBe(2)
  })

  it('counts what a function makes zero', () => {
    expect(mapHistogram(of([-9, -5, 2]), functions.hardSwish).zeros).toBe(2)
  })

  it('of nothing is nothing, and of zeros is f(0)', () => {
    expect(mapHistogram(emptyHistogram(), Math.tanh).count).toBe(0)
    expect(mapHistogram(of([0, 0]), functions.sigmoid)).toMatchObject({
      min: 0.5,
      max: 0.5,
      count: 2,
      zeros: 0,
      exponent: 0,
    })
    expect(mapHistogram(of([0, 0]), Math.tanh)).toMatchObject({ min: 0, max: 0, count: 2, zeros: 2 })
  })
})
