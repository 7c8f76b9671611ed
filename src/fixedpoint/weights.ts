// Weights as integers: one symmetric scale an output channel. Loops without calls and without branches that depend on a weight's sign or fraction,
// which no processor foresees: a model has 10^8 weights. Long rows of 8-bit integers go to a kernel with SIMD, which takes half the time.

import { roundBytes } from './wasm.js'
import { type IntegerArray, integerArray, rangeOf } from './width.js'

/** Sums of a channel's weights by their sign: negative <= 0 <= positive. */
export interface SignedSums {
  readonly positive: number
  readonly negative: number
}

/** What a channel's float weights are, whatever their scale. */
export interface RowFacts extends SignedSums {
  /** The largest magnitude. */
  readonly largest: number
  readonly sum: number
}

export function factsOf(row: Float32Array): RowFacts {
  let largest = 0
  let sum = 0
  let positive = 0
  let negative = 0
  for (let k = 0; k < row.length; k++) {
    const weight = row[k]!
    const magnitude = Math.abs(weight)
    largest = Math.max(largest, magnitude)
    sum += weight
    // The weight or 0, exactly.
    positive += (weight + magnitude) / 2
    negative += (weight - magnitude) / 2
  }
  return { largest, sum, positive, negative }
}

/** The integers of a layer's weights, row after row. */
export interface RoundedRows {
  readonly integers: IntegerArray
  /** Views of these integers, one an output channel. */
  readonly rows: readonly IntegerArray[]
}

/** Zeros for as many weights as `rows` have. */
export function emptyRows(rows: readonly Float32Array[], bits: number): RoundedRows {
  const depth = rows[0]?.length ?? 0
  const integers = integerArray(bits, rows.length * depth)
  return { integers, rows: rows.map((_, c) => integers.subarray(c * depth, (c + 1) * depth)) }
}

/** Writes the integers of a width that are nearest to row / scale, halves away from zero, symmetric; and sums them. */
export function roundRow(row: Float32Array, scale: number, bits: number, integers: IntegerArray): SignedSums {
  const limit = rangeOf(bits)[1]
  const { sum, magnitude } =
    integers instanceof Int8Array && row.length >= LEAST_OF_KERNEL
      ? roundBytes(row, scale, limit, integers)
      : roundEach(row, scale, limit, integers)
  return { positive: (magnitude + sum) / 2, negative: (sum - magnitude) / 2 }
}

/** Copying a row of fewer weights to the kernel takes longer than it saves. */
const LEAST_OF_KERNEL = 64

function roundEach(row: Float32Array, scale: number, limit: number, integers: IntegerArray) {
  let sum = 0
  let magnitude = 0
  for (let k = 0; k < row.length; k++) {
    const x = Math.min(limit, Math.max(-limit, row[k]! / scale))
    const whole = x | 0
    // Twice the fraction is exact, and reaches 1 or -1 from one half on.
    const integer = whole + (((x - whole) * 2) | 0)
    integers[k] = integer
    sum += integer
    magnitude += Math.abs(integer)
  }
  return { sum, magnitude }
}

export function sumsOf(integers: IntegerArray): SignedSums {
  let sum = 0
  let magnitude = 0
  for (let k = 0; k < integers.length; k++) {
    sum += integers[k]!
    magnitude += Math.abs(integers[k]!)
  }
  return { positive: (magnitude + sum) / 2, negative: (sum - magnitude) / 2 }
}

/** What a channel's sum can reach, both ends, with every input anywhere in a range that contains 0: `down` <= 0 <= `up`. */
export interface Reach {
  readonly up: number
  readonly down: number
}

export function reachOf({ positive, negative }: SignedSums, [low, high]: readonly [number, number]): Reach {
  return { up: positive * high + negative * low, down: positive * low + negative * high }
}
