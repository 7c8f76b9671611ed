// Weights as integers: one symmetric scale an output channel.

import { type IntegerArray, integerArray, rangeOf } from './width.js'

/** The scale at which a channel's largest weight is the largest integer; 0 for a channel of zeros. */
export function weightScale(row: Float32Array, limit: number): number {
  let most = 0
  for (let k = 0; k < row.length; k++) most = Math.max(most, Math.abs(row[k]!))
  return most / limit
}

/**
 * The integers of a width nearest to row / scale, halves away from zero, symmetric. A loop without calls and without branches that depend on a
 * weight's sign or fraction, which no processor foresees: a model has 10^8 weights.
 */
export function roundWeights(row: Float32Array, scale: number, bits: number): IntegerArray {
  const integers = integerArray(bits, row.length)
  const limit = rangeOf(bits)[1]
  for (let k = 0; k < row.length; k++) {
    const x = Math.min(limit, Math.max(-limit, row[k]! / scale))
    const whole = x | 0
    // Twice the fraction is exact, and reaches 1 or -1 from one half on.
    integers[k] = whole + (((x - whole) * 2) | 0)
  }
  return integers
}

/** What a channel's sum can reach, both ends, with every input anywhere in a range that contains 0: `down` <= 0 <= `up`. */
export interface Reach {
  readonly up: number
  readonly down: number
}

export function reachOf(row: Float32Array | IntegerArray, [low, high]: readonly [number, number]): Reach {
  let positive = 0
  let negative = 0
  for (let k = 0; k < row.length; k++) {
    const weight = row[k]!
    const magnitude = Math.abs(weight)
    // The weight or 0, exactly: a branch on its sign would be foreseen half of the time.
    positive += (weight + magnitude) / 2
    negative += (weight - magnitude) / 2
  }
  return { up: positive * high + negative * low, down: positive * low + negative * high }
}
