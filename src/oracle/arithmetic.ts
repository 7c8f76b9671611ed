// The integer operations that every reference operator is made of, each with the check that it stays in range.

import { clip, rshift } from '../fixedpoint/rounding.js'
import type { Arithmetic, Requantize, ScaleFix } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'

/** The integer itself, or an Error when it does not fit the width. */
export function fits(value: number, bits: number, what: string): number {
  const [low, high] = rangeOf(bits)
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new Error(`${what} is ${value}, which does not fit ${bits} bits.`)
}

/** Products are formed in doubles and are exact below 2^53. */
export function product(...factors: readonly number[]): number {
  const value = factors.reduce((left, right) => left * right, 1)
  if (Math.abs(value) < 2 ** 53) return value
  throw new Error(`The product ${factors.join(' * ')} is not below 2^53.`)
}

/** rshift(x * multiplier, shift). */
export function requantize(x: number, { multiplier, shift }: Requantize): number {
  return rshift(product(x, multiplier), shift)
}

/** The scaleFix step of one accumulator of one channel. */
export function scaleFixed(accumulator: number, channel: number, fix: ScaleFix, chip: Arithmetic): number {
  fits(accumulator, chip.accumulatorBits, 'The accumulator')
  const [low, high] = rangeOf(chip.convsumBits)
  const a0 = clip(rshift(accumulator, fix.q0), low, high)
  const a1 = rshift(product(a0, fix.scaleInt16[channel]!), fix.q1) + fix.biasInt16[channel]!
  return clip(rshift(a1, fix.q2), fix.low, fix.high)
}
