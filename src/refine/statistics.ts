// What refinement gathers of an operator's inputs over samples. All of it is sums of integers, exact in a double: their order does not matter.

import type { Numbers } from './reading.js'

/** Sums over every patch of an operator's input in the float model, in 1 / FRACTIONS of a code's step. */
export interface Means {
  readonly count: number
  /** The sum of each value of a patch, group after group. */
  readonly sums: Float64Array
}

/** Sums over drawn patches of an operator's input in the integer model. */
export interface Gram {
  readonly count: number
  /** The sum of each code of a patch, group after group. */
  readonly codes: Float64Array
  /** The sums of the products of two codes, block after block (blocks.ts): each is a square matrix of which the lower triangle is filled. */
  readonly products: Float64Array
}

/** Steps that a code's step is divided into where a real value becomes an integer. */
export const FRACTIONS = 256

/** A real value of more steps than this counts as so many: a sum over 2^30 of them is still exact. */
const MOST_STEPS = 2 ** 15

/** Real values as integers: in 1 / FRACTIONS of a step; 0 for what is no number. */
export function inFractions(values: ArrayLike<number>, step: number): Int32Array {
  const result = new Int32Array(values.length)
  const most = MOST_STEPS * FRACTIONS
  const factor = FRACTIONS / step
  // Math.round takes four times as long.
  for (let i = 0; i < result.length; i++) {
    result[i] = Math.floor(Math.min(Math.max(values[i]! * factor, -most), most) + 0.5)
  }
  return result
}

/** The codes that the chip makes of a tensor's codes for readers of `bits` bits. @param ratio the tensor's step over the readers' step */
export function inCodes(values: Numbers, ratio: number, bits: number): Numbers {
  if (ratio === 1) return values
  const [low, high] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
  return Int32Array.from(values, (value) => Math.min(Math.max(Math.round(value * ratio), low), high))
}

/** The sums of both; the arrays of the first may be written to. */
export function addMeans(a: Means | undefined, b: Means): Means {
  if (a === undefined) return b
  return { count: a.count + b.count, sums: sum(a.sums, b.sums) }
}

/** The sums of both, as new arrays. */
export function sumOfMeans(a: Means, b: Means): Means {
  return { count: a.count + b.count, sums: a.sums.map((sum, i) => sum + b.sums[i]!) }
}

/** The sums of both; the arrays of the first may be written to. */
export function addGrams(a: Gram | undefined, b: Gram): Gram {
  if (a === undefined) return b
  return { count: a.count + b.count, codes: sum(a.codes, b.codes), products: sum(a.products, b.products) }
}

function sum(into: Float64Array, other: Float64Array): Float64Array {
  for (let i = 0; i < into.length; i++) into[i]! += other[i]!
  return into
}
