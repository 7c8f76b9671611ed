// What random layers are made of, extremes included.

import fc from 'fast-check'
import type { IntTensor, Requantize, ScaleFix } from '../../../src/fixedpoint/types.js'
import { rangeOf } from '../../../src/fixedpoint/width.js'
import type { FixedOperator } from '../../../src/operators/types.js'
import type { StepsOf } from '../../export/oneLayer.js'

export interface Layer {
  readonly operator: FixedOperator
  readonly inputs: readonly IntTensor[]
  /** Of the output. */
  readonly bits: number
  /** Of the source, where its nodes are newer than others. */
  readonly leastOpset?: number
  /** Of an operator with steps, whose nodes have the form of that opset. */
  readonly steps?: StepsOf & { readonly opset: number }
}

/** How a family is tried: random layers on inputs of a width. */
export interface LayersOfFamily {
  readonly kind: string
  readonly numRuns: number
  layer(inputBits: number): fc.Arbitrary<Layer | (() => Promise<Layer>)>
}

/** Random integers, all the same extreme, small ones (which make exact halves), or powers of two. */
export function integers(length: number, bits: number): fc.Arbitrary<number[]> {
  const [min, max] = rangeOf(bits)
  const list = (value: fc.Arbitrary<number>) => fc.array(value, { minLength: length, maxLength: length })
  const powers = Array.from({ length: 16 }, (_, power) => 2 ** power).flatMap((power) => [power, -power])
  return fc.oneof(
    list(fc.integer({ min, max })),
    fc.constantFrom(min, max).map((value) => Array<number>(length).fill(value)),
    list(fc.constantFrom(min, max, 0)),
    list(fc.integer({ min: -2, max: 2 })),
    list(fc.constantFrom(...powers.filter((value) => value >= min && value <= max))),
  )
}

export function tensor(dims: readonly number[], bits: number): fc.Arbitrary<IntTensor> {
  return integers(sizeOf(dims), bits).map((values) => ({ dims, data: Int32Array.from(values) }))
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

export const shift = fc.oneof(fc.integer({ min: 0, max: 31 }), fc.constantFrom(0, 1, 31))

export interface Bounds {
  readonly bits: number
  readonly low: number
  readonly high: number
}

export const bounds: fc.Arbitrary<Bounds> = fc.constantFrom(
  { bits: 8, low: -128, high: 127 },
  { bits: 8, low: 0, high: 127 },
  { bits: 8, low: 0, high: 40 },
  { bits: 8, low: -20, high: 60 },
  { bits: 8, low: 5, high: 90 },
  { bits: 8, low: 0, high: 0 },
  { bits: 16, low: -32768, high: 32767 },
  { bits: 16, low: 0, high: 32767 },
)

/** Half of the time shifts that bring `reach` into the output's range, so that results are not all clipped. */
export function scaleFix(channels: number, reach: number): fc.Arbitrary<{ fix: ScaleFix; bits: number }> {
  return fc
    .record({
      limits: bounds,
      free: fc.tuple(shift, shift, shift),
      fitting: fc.boolean(),
      q0: fc.integer({ min: 0, max: 12 }),
      q2: fc.integer({ min: 0, max: 12 }),
      slack: fc.integer({ min: -3, max: 3 }),
      scaleInt16: integers(channels, 16),
      biasInt16: integers(channels, 16),
      solved: fc.boolean(),
    })
    .map(({ limits, free, fitting, q0, q2, slack, scaleInt16: any, biasInt16, solved }) => {
      // What is solved has positive multipliers.
      const scaleInt16 = solved ? any.map((value) => Math.min(Math.abs(value) + 1, 32767)) : any
      const largest = Math.max(1, ...scaleInt16.map(Math.abs))
      const total = Math.ceil(Math.log2(Math.max(1, (reach * largest) / limits.high || 1))) + slack
      const q1 = Math.min(31, Math.max(0, total - q0 - q2))
      const [a, b, c] = fitting ? [q0, q1, q2] : free
      const { bits, low, high } = limits
      const tables = { scaleInt16: Int16Array.from(scaleInt16), biasInt16: Int16Array.from(biasInt16) }
      return { fix: { q0: a, q1: b, q2: c, ...tables, low, high }, bits }
    })
}

export const requantize: fc.Arbitrary<Requantize> = fc.record({
  multiplier: fc.oneof(fc.integer({ min: -32767, max: 32767 }), fc.constantFrom(-32767, 0, 1, 16384, 32767)),
  shift,
})

export const list = (size: number, min: number, max: number) =>
  fc.array(fc.integer({ min, max }), { minLength: size, maxLength: size })

/** What |sum| can reach over rows of weights with inputs of a width. */
export function reachOf(weights: readonly number[], rows: number, inputBits: number): number {
  const length = weights.length / rows
  const sums = Array.from({ length: rows }, (_, row) =>
    weights.slice(row * length, (row + 1) * length).reduce((sum, weight) => sum + Math.abs(weight), 0),
  )
  return Math.max(...sums) * 2 ** (inputBits - 1)
}

/** As scales alone give it: the quotient of two scales is never negative. */
export const rescaling = requantize.map(({ multiplier, shift }) => ({ multiplier: Math.abs(multiplier), shift }))
