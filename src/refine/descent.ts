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

/** Added to each variance, as a share of their mean: the covariance of samples is not that of all data. */
const DAMPING = 0.01

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
  /** Of the samples that integers are chosen by, and of those that judge them. */
  readonly fitted: Gram
  readonly judging: Gram
}

export interface Descended {
  /** Of each row: the nearest where no others are better by the judging samples. */
  readonly integers: readonly Integers[]
  /** Squared errors of all rows together on the judging samples, before and after: weighted by the square of a row's scale. */
  readonly before: number
  readonly after: number
}

export function descendRows({ reading, rows, limit, fitted, judging }: DescentRequest): Descended {
  const { groups, depth } = reading
  const blocks = blocksOf(reading)
  const perGroup = productsOf(blocks)
  const chosen: Integers[] = []
  let [before, after] = [0, 0]
  for (let group = 0; group < groups; group++) {
    const matrices = blocks.map(({ from, size, at }) => {
      const place = { mean: group * depth + from, products: group * perGroup + at, size }
      const fit = covarianceOf(fitted, place)
      return { from, size, fit: damp(fit, size), judge: covarianceOf(judging, place) }
    })
    const end = ((group + 1) * rows.length) / groups
    for (let c = (group * rows.length) / groups; c < end; c++) {
      const { weights, scale, nearest } = rows[c]!
      const integers = nearest.slice()
      let [nearestError, chosenError] = [0, 0]
      for (const { from, size, fit, judge } of matrices) {
        const [real, whole, given] = [weights, integers, nearest].map((all) => all.subarray(from, from + size))
        descend(fit, real as Float32Array, scale, whole as Integers, limit)
        nearestError += errorOf(judge, offsOf(real!, scale, given!))
        chosenError += errorOf(judge, offsOf(real!, scale, whole!))
      }
      const better = chosenError < nearestError
      chosen.push(better ? integers : nearest)
      before += nearestError * scale ** 2
      after += (better ? chosenError : nearestError) * scale ** 2
    }
  }
  return { integers: chosen, before, after }
}

/** The covariance of the values of a block, symmetric. */
function covarianceOf(
  { count, codes, products }: Gram,
  { mean, products: at, size }: { readonly mean: number; readonly products: number; readonly size: number },
): Float64Array {
  const covariance = new Float64Array(size * size)
  for (let k = 0; k < size; k++) {
    const own = codes[mean + k]! / count
    for (let j = 0; j <= k; j++) {
      const value = products[at + k * size + j]! / count - own * (codes[mean + j]! / count)
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
