import fc from 'fast-check'
import { expect, it } from 'vitest'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { quantizationError, sketch } from '../../src/report/data/histogram.js'

const values = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 200 })
const of = (some: readonly number[]) => observe(emptyHistogram(), Float32Array.from(some))
const held = { scale: 1 / 127, low: -128, high: 127, offset: 0, told: undefined }

it('a sketch counts every value once, in few bins from the least to the greatest', () => {
  const law = fc.property(values, (some) => {
    const { start, step, counts } = sketch(of(some))
    expect(counts.length).toBeLessThanOrEqual(128)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(some.length)
    expect(start).toBeLessThanOrEqual(Math.min(...some) + 1e-4)
    expect(start + step * counts.length).toBeGreaterThanOrEqual(Math.max(...some) - 1e-4)
  })
  fc.assert(law)
})

it('clipping costs what lies beyond the range, rounding a twelfth of a step squared within it, and exact zeros nothing', () => {
  expect(quantizationError(of([0, 0, 0, 0]), held)).toEqual({ clipping: 0, rounding: 0 })
  expect(quantizationError(of([3, 0, 0, 0]), held).clipping).toBeCloseTo(1, 1)
  expect(quantizationError(of([0.5, 0.5]), held).rounding).toBeCloseTo(Math.sqrt(1 / 127 ** 2 / 12), 10)
})

it('an offset moves the range, and what readers cannot tell apart costs nothing', () => {
  expect(quantizationError(of([1.9, 1.9]), { ...held, offset: 1 }).clipping).toBe(0)
  expect(quantizationError(of([50, -50]), { ...held, told: [-1, 1] }).clipping).toBe(0)
  expect(quantizationError(of([50, -50]), held).clipping).toBeGreaterThan(40)
})
