import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHistogram, exponentOf, merge, mergeAll, observe, widen } from '../../src/histogram/histogram.js'
import { BINS_PER_SIGN, EMPTY_EXPONENT, NUM_BINS } from '../../src/histogram/types.js'
import { floats } from './arbitraries.js'
import { expectSame } from './same.js'

const histogramOf = (values: Float32Array | readonly number[]) => observe(emptyHistogram(), Float32Array.from(values))

const histograms = floats.map(histogramOf)

const occupied = (values: readonly number[]) => {
  const counts: Record<number, number> = {}
  histogramOf(values).counts.forEach((count, bin) => {
    if (count > 0) counts[bin] = count
  })
  return counts
}

describe('merge', () => {
  it('is commutative', () => {
    fc.assert(
      fc.property(histograms, histograms, (a, b) => {
        expectSame(merge(a, b), merge(b, a))
      }),
    )
  })

  it('is associative', () => {
    fc.assert(
      fc.property(histograms, histograms, histograms, (a, b, c) => {
        expectSame(merge(merge(a, b), c), merge(a, merge(b, c)))
        expectSame(mergeAll([a, b, c]), merge(merge(a, b), c))
      }),
    )
  })

  it('has the empty histogram as its identity', () => {
    fc.assert(
      fc.property(histograms, (a) => {
        expectSame(merge(a, emptyHistogram()), a)
      }),
    )
    expectSame(mergeAll([]), emptyHistogram())
  })

  it('leaves its arguments as they were', () => {
    const a = histogramOf([1, 2])
    const b = histogramOf([1000])
    merge(a, b)
    expect([a, b]).toEqual([histogramOf([1, 2]), histogramOf([1000])])
  })
})

describe('observe', () => {
  it('of two arrays one after the other is the merge of both', () => {
    fc.assert(
      fc.property(floats, floats, (a, b) => {
        const both = histogramOf([...a, ...b])
        expectSame(merge(histogramOf(a), histogramOf(b)), both)
        expectSame(observe(histogramOf(a), b), both)
      }),
    )
  })

  it('does not depend on the order of the values', () => {
    const reordered = floats.chain((values) =>
      fc.tuple(fc.constant(values), fc.shuffledSubarray([...values], { minLength: values.length })),
    )
    fc.assert(
      fc.property(reordered, ([values, shuffled]) => {
        expectSame(histogramOf(shuffled), histogramOf(values))
      }),
    )
  })

  it('keeps the exact extremes, the number of values and the number of zeros', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const { min, max, count, zeros, counts } = histogramOf(values)
        expect(min).toBe(values.reduce((a, b) => Math.min(a, b + 0), Infinity))
        expect(max).toBe(values.reduce((a, b) => Math.max(a, b + 0), -Infinity))
        expect(count).toBe(values.length)
        expect(zeros).toBe(values.filter((x) => x === 0).length)
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length)
      }),
    )
  })

  it('puts every value into the bin whose bounds hold it', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const { exponent, counts } = histogramOf(values)
        const expected = new Float64Array(NUM_BINS)
        for (const x of values) {
          const width = 2 ** exponent / BINS_PER_SIGN
          let bin = Math.round(Math.abs(x) / width)
          while (bin * width > Math.abs(x)) bin -= 1
          while ((bin + 1) * width <= Math.abs(x)) bin += 1
          expected[x < 0 ? BINS_PER_SIGN + bin : bin]! += 1
        }
        expect(Buffer.from(counts.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
      }),
    )
  })

  it('names the first value that is not finite', () => {
    expect(() => histogramOf([1, Number.NaN, Infinity])).toThrow('value 1 is NaN')
    expect(() => histogramOf([-Infinity])).toThrow('value 0 is -Infinity')
  })

  it('of nothing is the histogram it was given', () => {
    expect(histogramOf([])).toEqual(emptyHistogram())
    expect(observe(histogramOf([3]), new Float32Array(0))).toEqual(histogramOf([3]))
  })
})

describe('widening', () => {
  it('adds neighbouring bins in pairs', () => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        const half = (sign: 0 | 1) => histogram.counts.subarray(sign * BINS_PER_SIGN, (sign + 1) * BINS_PER_SIGN)
        const pairs = (counts: Float64Array) =>
          Float64Array.from(counts, (_, i) => (counts[2 * i] ?? 0) + (counts[2 * i + 1] ?? 0))
        const wider = widen(histogram, histogram.exponent + 1)
        const counts = Float64Array.of(...pairs(half(0)), ...pairs(half(1)))
        expectSame(wider, { ...histogram, exponent: histogram.exponent + 1, counts })
      }),
    )
  })

  it('by many powers of two is widening by one, many times', () => {
    fc.assert(
      fc.property(histograms, fc.integer({ min: 0, max: 20 }), (histogram, levels) => {
        let stepwise = histogram
        for (let i = 0; i < levels; i++) stepwise = widen(stepwise, stepwise.exponent + 1)
        expectSame(widen(histogram, histogram.exponent + levels), stepwise)
      }),
    )
  })

  it('to a smaller range is refused', () => {
    expect(() => widen(histogramOf([1]), 0)).toThrow('cannot narrow')
  })
})

describe('edges', () => {
  it.each([
    { name: 'a power of two opens the next range', values: [2], exponent: 2, counts: { 2048: 1 } },
    { name: 'just below it stays in the last bin', values: [2 - 2 ** -23], exponent: 1, counts: { 4095: 1 } },
    { name: 'minus one is in the negative half', values: [-1], exponent: 1, counts: { [4096 + 2048]: 1 } },
    { name: 'minus zero counts as zero', values: [-0, 0], exponent: EMPTY_EXPONENT, counts: { 0: 2 } },
    { name: 'the least subnormal', values: [2 ** -149], exponent: -148, counts: { 2048: 1 } },
    { name: 'the greatest float32', values: [2 ** 128 - 2 ** 104], exponent: 128, counts: { 4095: 1 } },
    { name: 'small negatives keep their sign', values: [1, -(2 ** -149)], exponent: 1, counts: { 2048: 1, 4096: 1 } },
  ])('$name', ({ values, exponent, counts }) => {
    expect(histogramOf(values).exponent).toBe(exponent)
    expect(occupied(values)).toEqual(counts)
  })

  it('have extremes without a minus zero', () => {
    const { min, max } = histogramOf([-0])
    expect([Object.is(min, 0), Object.is(max, 0)]).toEqual([true, true])
  })

  it('exponents are exact at every power of two', () => {
    for (let k = -149; k <= 127; k++) expect(exponentOf(2 ** k)).toBe(k + 1)
    expect(exponentOf(0)).toBe(EMPTY_EXPONENT)
  })
})
