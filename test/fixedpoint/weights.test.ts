import fc from 'fast-check'
import { expect, it } from 'vitest'
import { clip, roundHalfAway } from '../../src/fixedpoint/rounding.js'
import { factsOf, reachOf, roundRow, sumsOf } from '../../src/fixedpoint/weights.js'
import { integerArray } from '../../src/fixedpoint/width.js'

const near = fc
  .tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(0, 0.5, 0.5 - 2 ** -25, 0.5 + 2 ** -24))
  .map(([whole, part]) => Math.fround(whole + part))
const weight = fc.oneof(near, fc.float({ noNaN: true, noDefaultInfinity: true }))
/** Long rows go to the kernel, which takes 16 weights at a time. */
const weights = fc
  .oneof(fc.array(weight, { maxLength: 40 }), fc.array(weight, { minLength: 60, maxLength: 130, size: 'max' }))
  .map((values) => Float32Array.from(values))
const scale = fc.oneof(fc.constantFrom(1, 2, 0.5, 0), fc.double({ min: 2 ** -100, max: 2 ** 100, noNaN: true }))

it('rounds weights to the nearest integer within the width, halves away from zero; of nothing but zeros, to zero', () => {
  fc.assert(
    fc.property(weights, scale, fc.constantFrom(8, 16), (row, scale, bits) => {
      const limit = 2 ** (bits - 1) - 1
      const expected = Array.from(row, (x) => {
        const integer = x === 0 ? 0 : Math.abs(x / scale) > limit ? Math.sign(x) * limit : roundHalfAway(x / scale)
        return clip(integer, -limit, limit) + 0
      })
      const integers = integerArray(bits, row.length)
      const sums = roundRow(row, scale, bits, integers)
      expect(Array.from(integers, (x) => x + 0)).toEqual(expected)
      const sum = (values: number[]) => values.reduce((total, x) => total + x, 0)
      expect(sums).toEqual({
        positive: sum(expected.filter((x) => x > 0)),
        negative: sum(expected.filter((x) => x < 0)),
      })
      expect(sumsOf(integers)).toEqual(sums)
    }),
  )
})

it('reaches as far up and down as inputs of one sign each take it', () => {
  const range = fc.tuple(fc.integer({ min: -128, max: 0 }), fc.integer({ min: 0, max: 127 }))
  fc.assert(
    fc.property(weights, range, (row, [low, high]) => {
      const sum = (values: Float32Array) => values.reduce((total, x) => total + x, 0)
      const positive = sum(row.filter((x) => x > 0))
      const negative = sum(row.filter((x) => x < 0))
      const { up, down } = reachOf(factsOf(row), [low, high])
      expect([up + 0, down + 0]).toEqual([positive * high + negative * low + 0, positive * low + negative * high + 0])
    }),
  )
})
