// Integer weights that together change an operator's sums least, chosen one at a time. Rounding each weight to the nearest integer treats its error
// as if the inputs had nothing to do with one another; errors of weights whose inputs vary together can cancel.
//
// The error of a row is d' C d: d is what the weights are off in integer steps, C the covariance of the inputs. The mean is the bias's business.
// Coordinate descent over integers, as in COMQ (arXiv 2403.07134); the objective is GPTQ's (arXiv 2210.17323).

import { blocksOf, productsOf } from './blocks.js'
import type { Reading } from './reading.js'
import type { Gram } from './statistics.js'

/** Passes over a row's weights. */
const SWEEPS = 4

/** Added to each variance, as a share of their mean: the covariance of samples is not that of all data, and large steps end the search early. */
const DAMPING = 0.3

type Integers = Int8Array | Int16Array

/** The real weights of an output channel, what an integer step of them is worth, and the nearest integers. */
export interface Row {
  readonly weights: Float32Array
  readonly scale: number
  readonly nearest: Integers
}

export interface DescentRequest {
  readonly reading: Pick<Reading, 'groups' | 'depth'>
  /** Of all groups, as many each. */
  readonly rows: readonly Row[]
  /** Magnitude that an integer may have. */
  readonly limit: number
  /** Of either half of the samples. */
  readonly grams: readonly [Gram, Gram]
}

export interface Descended {
  /** Of each row, chosen by one half of the samples. */
  readonly halves: readonly [readonly Integers[], readonly Integers[]]
  /** Chosen by all: the nearest where what either half chose is no better on the other half. */
  readonly all: readonly Integers[]
  /** Squared errors of all rows together, on samples that they were not chosen by, before and after: weighted by the square of a row's scale. */
  readonly before: number
  readonly after: number
}

/** The covariance of a block's inputs, and what it is fitted with. */
interface Matrices {
  readonly from: number
  readonly size: number
  /** Of the halves. */
  readonly own: readonly [Float64Array, Float64Array]
  /** Of the halves and of all, damped. */
  readonly damped: readonly [Float64Array, Float64Array, Float64Array]
}

export function descendRows({ reading, rows, limit, grams }: DescentRequest): Descended {
  const { groups, depth } = reading
  const blocks = blocksOf(reading)
  const perGroup = productsOf(blocks)
  const [first, second, all]: Integers[][] = [[], [], []]
  let [before, after] = [0, 0]
  for (let group = 0; group < groups; group++) {
    const matrices = blocks.map(({ from, size, at }): Matrices => {
      const place = { mean: group * depth + from, products: group * perGroup + at, size }
      const [a, b] = grams
      const damped = [[a], [b], [a, b]].map((of) => damp(covarianceOf(of, place), size))
      const own = [covarianceOf([a], place), covarianceOf([b], place)] as const
      return { from, size, own, damped: damped as [Float64Array, Float64Array, Float64Array] }
    })
    const end = ((group + 1) * rows.length) / groups
    for (let c = (group * rows.length) / groups; c < end; c++) {
      const row = rows[c]!
      const [byFirst, bySecond, byAll] = ([0, 1, 2] as const).map((fit) => chooseRow(matrices, row, limit, fit))
      const nearestError = errorOn(matrices, row, row.nearest, 0) + errorOn(matrices, row, row.nearest, 1)
      const chosenError = errorOn(matrices, row, bySecond!, 0) + errorOn(matrices, row, byFirst!, 1)
      const better = chosenError < nearestError
      first!.push(byFirst!)
      second!.push(bySecond!)
      all!.push(better ? byAll! : row.nearest)
      before += nearestError * row.scale ** 2
      after += (better ? chosenError : nearestError) * row.scale ** 2
    }
  }
  return { halves: [first!, second!], all: all!, before, after }
}

function chooseRow(matrices: readonly Matrices[], { weights, scale, nearest }: Row, limit: number, fit: 0 | 1 | 2) {
  const integers = nearest.slice()
  for (const { from, size, damped } of matrices) {
    const [real, whole] = [weights.subarray(from, from + size), integers.subarray(from, from + size)]
    descend(damped[fit], real, scale, whole, limit)
  }
  return integers
}

/** The squared error of a row's integers on a half of the samples. */
function errorOn(matrices: readonly Matrices[], { weights, scale }: Row, integers: Integers, half: 0 | 1): number {
  let error = 0
  for (const { from, size, own } of matrices) {
    const [real, whole] = [weights.subarray(from, from + size), integers.subarray(from, from + size)]
    error += errorOf(own[half], offsOf(real, scale, whole))
  }
  return error
}

/** The covariance of the values of a block over all that some Gram matrices hold, symmetric. */
function covarianceOf(
  grams: readonly Gram[],
  { mean, products: at, size }: { readonly mean: number; readonly products: number; readonly size: number },
): Float64Array {
  const covariance = new Float64Array(size * size)
  const total = (of: (gram: Gram) => number) => grams.reduce((sum, gram) => sum + of(gram), 0)
  const count = total((gram) => gram.count)
  const means = Float64Array.from({ length: size }, (_, k) => total(({ codes }) => codes[mean + k]!) / count)
  for (let k = 0; k < size; k++) {
    for (let j = 0; j <= k; j++) {
      const index = at + k * size + j
      let sum = 0
      for (const { products } of grams) sum += products[index]!
      const value = sum / count - means[k]! * means[j]!
      covariance[k * size + j] = value
      covariance[j * size + k] = value
    }
  }
  return covariance
}

function damp(covariance: Float64Array, size: number): Float64Array {
  let trace = 0
  for (let k = 0; k < size; k++) trace += covariance[k * size + k]!
  const damping = (DAMPING * trace) / size
  for (let k = 0; k < size; k++) covariance[k * size + k]! += damping
  return covariance
}

/** What weights are off from their integers, in integer steps. */
function offsOf(weights: ArrayLike<number>, scale: number, integers: ArrayLike<number>): Float64Array {
  return Float64Array.from(weights, (weight, k) => weight / scale - integers[k]!)
}

/** d' C d. */
function errorOf(covariance: Float64Array, offs: Float64Array): number {
  const size = offs.length
  let error = 0
  for (let k = 0; k < size; k++) {
    let sum = 0
    for (let j = 0; j < size; j++) sum += covariance[k * size + j]! * offs[j]!
    error += offs[k]! * sum
  }
  return error
}

/** Moves integers to where d' C d is least, as far as changing one at a time leads. */
function descend(
  covariance: Float64Array,
  weights: Float32Array,
  scale: number,
  integers: Integers,
  limit: number,
): void {
  const size = weights.length
  const offs = offsOf(weights, scale, integers)
  const slope = new Float64Array(size)
  for (let k = 0; k < size; k++) {
    let sum = 0
    for (let j = 0; j < size; j++) sum += covariance[k * size + j]! * offs[j]!
    slope[k] = sum
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = false
    for (let k = 0; k < size; k++) {
      const variance = covariance[k * size + k]!
      if (!(variance > 0)) continue
      const wanted = integers[k]! + Math.round(slope[k]! / variance)
      const change = Math.min(Math.max(wanted, -limit), limit) - integers[k]!
      if (change === 0) continue
      moved = true
      integers[k]! += change
      for (let j = 0; j < size; j++) slope[j]! -= change * covariance[k * size + j]!
    }
    if (!moved) return
  }
}
