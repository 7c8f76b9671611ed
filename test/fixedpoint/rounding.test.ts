import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clip, roundHalfAway, roundHalfEven, rshift } from '../../src/fixedpoint/rounding.js'
import { rangeOf } from '../../src/fixedpoint/width.js'

/** The definition in exact integers. */
function exactShift(x: bigint, shift: bigint): bigint {
  const magnitude = x < 0n ? -x : x
  const rounded = shift === 0n ? magnitude : (magnitude + (1n << (shift - 1n))) >> shift
  return x < 0n ? -rounded : rounded
}

describe('rshift', () => {
  it('rounds halves away from zero', () => {
    expect([-3, -2, -1, 0, 1, 2, 3].map((x) => rshift(x, 1))).toEqual([-2, -1, -1, 0, 1, 1, 2])
    expect([-6, -5, 5, 6].map((x) => rshift(x, 2))).toEqual([-2, -1, 1, 2])
  })

  it('is exact for every integer below 2^53 and every shift of the chip', () => {
    const integer = fc.oneof(
      fc.maxSafeInteger(),
      fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
      fc.tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 })).map(([power, d]) => 2 ** power + d),
    )
    fc.assert(
      fc.property(integer, fc.integer({ min: 0, max: 31 }), (x, shift) => {
        expect(rshift(x, shift)).toBe(Number(exactShift(BigInt(x), BigInt(shift))))
      }),
    )
  })

  it('never gives minus zero', () => {
    expect(Object.is(rshift(-1, 4), 0)).toBe(true)
    expect(Object.is(roundHalfAway(-0.2), 0)).toBe(true)
  })
})

describe('roundHalfAway', () => {
  it('rounds halves away from zero and nothing below one half', () => {
    expect([0.5, -0.5, 1.5, -2.5, 0.49999999999999994].map(roundHalfAway)).toEqual([1, -1, 2, -3, 0])
  })

  it('keeps integers that are too large for a fraction', () => {
    expect(roundHalfAway(2 ** 52 + 1)).toBe(2 ** 52 + 1)
    expect(roundHalfAway(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('roundHalfEven', () => {
  it('takes the even neighbour of what is within the tolerance of a half, and the nearest of all else', () => {
    const round = (x: number) => roundHalfEven(x, 0.001)
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.5005, 2.4995].map(round)).toEqual([0, 2, 2, 0, -2, 2, 2])
    expect([2.502, 1.498, -1.502, 3, -7].map(round)).toEqual([3, 1, -2, 3, -7])
  })
})

it('a width of n bits holds two to the n integers', () => {
  expect(rangeOf(8)).toEqual([-128, 127])
  expect(clip(200, ...rangeOf(8))).toBe(127)
})
