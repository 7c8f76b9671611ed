import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Codes,
  type Difference,
  differenceOf,
  emptyDifference,
  encode,
  mergeDifferences,
} from '../../src/difference/difference.js'
import { fromUnits, toUnits } from '../../src/difference/exactSum.js'
import { measuresOf } from '../../src/difference/measures.js'
import { roundHalfAway } from '../../src/fixedpoint/rounding.js'

const codes: Codes = {
  scale: 0.5,
  low: -128,
  high: 127,
  offset: 0,
  told: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
}
const real = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 })
const pair = fc.record({ value: real, code: fc.integer({ min: -128, max: 127 }) })
const pairs = fc.array(pair, { minLength: 1, maxLength: 50 })
type Pairs = readonly { readonly value: number; readonly code: number }[]

const of = (some: Pairs): Difference =>
  differenceOf(
    Float32Array.from(some, ({ value }) => value),
    Float32Array.from(some, ({ code }) => code),
    codes,
  )

describe('exact sums', () => {
  it('hold every double that is not too small as it is', () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 300), max: 2 ** 300 })
    fc.assert(fc.property(doubles, (x) => Math.abs(x) < 2 ** -260 || fromUnits(toUnits(x)) === x))
  })

  it('do not lose what a sum of doubles loses', () => {
    const sum = [2 ** 100, 1, -(2 ** 100)].map(toUnits).reduce((a, b) => a + b)
    expect(fromUnits(sum)).toBe(1)
  })

  it('refuse what is not finite', () => {
    expect(() => toUnits(Number.NaN)).toThrow('NaN')
    expect(() => toUnits(Number.NEGATIVE_INFINITY)).toThrow('-Infinity')
  })
})

describe('differences', () => {
  it('add up to the same in any order and in any groups', () => {
    const law = fc.property(fc.array(pairs, { minLength: 2, maxLength: 6 }), (passes) => {
      const all = passes.map(of)
      const forwards = all.reduce(mergeDifferences)
      const backwards = [...all].reverse().reduce((sum, one) => mergeDifferences(one, sum))
      const halves = [all.slice(0, 1), all.slice(1)].map((part) =>
        part.reduce(mergeDifferences, emptyDifference(codes)),
      )
      expect(backwards).toEqual(forwards)
      expect(mergeDifferences(halves[1]!, halves[0]!)).toEqual(forwards)
    })
    fc.assert(law)
  })

  it('measure what slow and obvious formulas give', () => {
    const law = fc.property(pairs, (some) => {
      const errors = some.map(({ value, code }) => code * codes.scale - value)
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
      const squares = (values: readonly number[]) => sum(values.map((x) => x * x))
      const values = some.map(({ value }) => value)
      const found = measuresOf(of(some), 256)
      const close = (actual: number | undefined, expected: number) =>
        Number.isFinite(expected) ? expect(actual).toBeCloseTo(expected, 6) : expect(actual).toBeUndefined()
      close(found.rmse, Math.sqrt(squares(errors) / some.length))
      close(found.meanError, sum(errors) / some.length)
      close(
        found.mre,
        sum(values) === 0 && squares(values) === 0 ? Number.NaN : sum(errors.map(Math.abs)) / sum(values.map(Math.abs)),
      )
      close(found.sqnr, 10 * Math.log10(squares(values) / squares(errors)))
      expect(found.maxDiff).toBe(Math.max(...errors.map(Math.abs)))
      expect(found.above).toBe(errors.filter((e) => e > 0).length / some.length)
      expect(found.below).toBe(errors.filter((e) => e < 0).length / some.length)
      expect(found.clippedHigh).toBe(values.filter((x) => x > 127.5 * codes.scale).length / some.length)
      expect(found.clippedLow).toBe(values.filter((x) => x < -128.5 * codes.scale).length / some.length)
      expect(found.atHigh).toBe(some.filter(({ code }) => code === 127).length / some.length)
      expect(found.atLow).toBe(some.filter(({ code }) => code === -128).length / some.length)
      expect(found.codesUsed).toBe(new Set(some.map(({ code }) => code)).size / 256)
    })
    fc.assert(law)
  })

  it('have a cosine of 1 for what is proportional, and of -1 for its opposite', () => {
    const cosine = (candidate: number[]) => measuresOf(differenceOf([1, -2, 3], candidate, undefined), undefined).cosine
    expect(cosine([2, -4, 6])).toBeCloseTo(1, 12)
    expect(cosine([-1, 2, -3])).toBeCloseTo(-1, 12)
    expect(cosine([0, 0, 0])).toBeUndefined()
  })

  it('are of the real values where an offset is taken off both sides', () => {
    const law = fc.property(pairs, (some) => {
      const lower = some.map(({ value, code }) => ({ value: value - 64, code: code - 128 }))
      const shifted = differenceOf(
        lower.map(({ value }) => value),
        lower.map(({ code }) => code),
        { ...codes, low: -256, high: -1, offset: 64 },
      )
      expect(shifted).toEqual(
        differenceOf(
          some.map(({ value }) => value - 64 + 64),
          some.map(({ code }) => code),
          codes,
        ),
      )
    })
    fc.assert(law)
  })

  it('count values beyond what readers can tell apart as the bound, on both sides', () => {
    const bounded: Codes = { ...codes, told: [-3, 3] }
    const found = differenceOf([-9, 1, 5], [-6, 2, 127], bounded)
    expect(found.largestError).toBe(0)
    expect(found.clippedLow + found.clippedHigh).toBe(0)
  })

  it('leave out values that are not finite in either', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
    const some = differenceOf([1, nan, -infinity, 4], [1.5, 1, 2, infinity], undefined)
    expect(some).toEqual(differenceOf([1], [1.5], undefined))
  })
})

it('encoding rounds half away from zero and clips, as the chip does', () => {
  const law = fc.property(fc.array(real), (values) => {
    const floats = Float32Array.from(values)
    const expected = [...floats].map((x) => Math.min(Math.max(roundHalfAway(x / codes.scale), -128), 127) + 0)
    expect([...encode(floats, codes)].map((x) => x + 0)).toEqual(expected)
  })
  fc.assert(law)
})
