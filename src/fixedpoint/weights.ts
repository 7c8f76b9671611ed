// Weights as integers: one symmetric scale an output channel.

import { clip, roundHalfAway } from './rounding.js'

/** The scale at which a channel's largest weight is the largest integer; 0 for a channel of zeros. */
export function weightScale(row: Float32Array, limit: number): number {
  return row.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / limit
}

/** The integers nearest to row / scale, in [-limit, limit]. */
export function roundWeights(row: Float32Array, scale: number, limit: number): Int8Array {
  return Int8Array.from(row, (weight) => clip(roundHalfAway(weight / scale), -limit, limit))
}

/** What a channel's sum can reach, both ends, with every input anywhere in a range that contains 0: `down` <= 0 <= `up`. */
export interface Reach {
  readonly up: number
  readonly down: number
}

export function reachOf(row: Float32Array | Int8Array, [low, high]: readonly [number, number]): Reach {
  let positive = 0
  let negative = 0
  for (const weight of row) {
    if (weight > 0) positive += weight
    else negative += weight
  }
  return { up: positive * high + negative * low, down: positive * low + negative * high }
}
