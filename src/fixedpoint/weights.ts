// Weights as integers: one symmetric scale an output channel.

import { type IntegerArray, integerArray, rangeOf } from './width.js'

/** The scale at which a channel's largest weight is the largest integer; 0 for a channel of zeros. */
export function weightScale(row: Float32Array, limit: number): number {
  let most = 0
  for (let k = 0; k < row.length; k++) most = Math.max(most, Math.abs(row[k]!))
  return most / limit
}

/** The integers of a width nearest to row / scale, halves away from zero, symmetric. A loop without calls: a model has 10^8 weights. */
export function roundWeights(row: Float32Array, scale: number, bits: number): IntegerArray {
  const integers = integerArray(bits, row.length)
  const limit = rangeOf(bits)[1]
  for (let k = 0; k < row.length; k++) {
    const x = row[k]! / scale
    const magnitude = x < 0 ? -x : x
    const floor = Math.floor(magnitude)
    const rounded = Math.min(magnitude - floor >= 0.5 ? floor + 1 : floor, limit)
    integers[k] = x < 0 ? -rounded : rounded
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
    if (weight > 0) positive += weight
    else negative += weight
  }
  return { up: positive * high + negative * low, down: positive * low + negative * high }
}
