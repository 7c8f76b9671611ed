// Integer weights that together change an operator's sums least, chosen one at a time. Rounding each weight to the nearest integer treats its error
// as if the inputs had nothing to do with one another; errors of weights whose inputs vary together can cancel.
//
// The error of a row is d' C d: d is what the weights are off in integer steps, C the covariance of the inputs. The mean is the bias's business.
// Coordinate descent over integers, as in COMQ (arXiv 2403.07134); the objective is GPTQ's (arXiv 2210.17323).

import { blocksOf, productsOf } from './blocks.js'
import { type Covariance, covarianceOf, productsOfRows, TOGETHER } from './covariance.js'
import type { Reading } from './reading.js'
import type { Gram } from './statistics.js'

/** How often the search passes over a row's weights. */
const SWEEPS = 4

type Integers = Int8Array | Int16Array

/** The real weights of an output channel, what an integer step of them is worth, and the nearest integers. */
export interface Row {
  readonly weights: Float32Array
  readonly scale: number
  readonly nearest: Integers
}

export interface DescentRequest {
  readonly reading: Pick<Reading, 'groups' | 'depth'>
  /** The output channels of all groups, one group after the other; each group has equally many. */
  readonly rows: readonly Row[]
  /** The largest magnitude that an integer may have. */
  readonly limit: number
  /** The Gram matrices of the first and the second half of the samples. */
  readonly grams: readonly [Gram, Gram]
}

export interface Descended {
  /** The integers of each row that the first half of the samples chooses, and those that the second half does. */
  readonly halves: readonly [readonly Integers[], readonly Integers[]]
  /** The integers of each row that all samples choose; the nearest ones where the integers that either half chose are no better on the other half. */
  readonly all: readonly Integers[]
  /** The sum of squared errors of all rows on the samples that did not choose them, of the nearest and of the chosen integers; a row counts by its scale squared. */
  readonly before: number
  readonly after: number
}

/** Three fits: to the first half of the samples, to the second half, and to all of them. */
type Fits<T> = readonly [first: T, second: T, all: T]
type Which = 0 | 1 | 2

/** Inputs whose weights are chosen together. */
interface Matrices {
  readonly from: number
  readonly size: number
  readonly covariances: Fits<Covariance>
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
      return {
        from,
        size,
        covariances: [covarianceOf([a], place), covarianceOf([b], place), covarianceOf([a, b], place)],
      }
    })
    const end = ((group + 1) * rows.length) / groups
    for (let c = (group * rows.length) / groups; c < end; c += TOGETHER) {
      const some = rows.slice(c, Math.min(c + TOGETHER, end))
      for (const [i, { fits, nearestError, chosenError }] of chooseRows(matrices, some, limit).entries()) {
        const { nearest, scale } = some[i]!
        const better = chosenError < nearestError
        first!.push(fits[0])
        second!.push(fits[1])
        all!.push(better ? fits[2] : nearest)
        before += nearestError * scale ** 2
        after += (better ? chosenError : nearestError) * scale ** 2
      }
    }
  }
  return { halves: [first!, second!], all: all!, before, after }
}

interface Chosen {
  readonly fits: Fits<Integers>
  /** Squared errors on either half of the samples: of the nearest integers, and of those that the other half chose. */
  nearestError: number
  chosenError: number
}

function chooseRows(blocks: readonly Matrices[], rows: readonly Row[], limit: number): readonly Chosen[] {
  const all = rows.map(({ nearest }): Chosen => {
    const fits = [nearest.slice(), nearest.slice(), nearest.slice()] as const
    return { fits, nearestError: 0, chosenError: 0 }
  })
  for (const { from, size, covariances } of blocks) {
    const end = from + size
    const offs = rows.map(({ weights, scale, nearest }) =>
      Float64Array.from({ length: size }, (_, k) => weights[from + k]! / scale - nearest[from + k]!),
    )
    const slopes = covariances.map(({ values }) => productsOfRows(values, offs))
    for (const [r, chosen] of all.entries()) {
      const changes = chosen.fits.map((integers, fit) => {
        const part = integers.subarray(from, end)
        descend(covariances[fit as Which], offs[r]!, slopes[fit]![r]!, part, limit)
        return changesOf(rows[r]!.nearest.subarray(from, end), part)
      })
      for (const half of [0, 1] as const) {
        const slope = slopes[half]![r]!
        const error = dot(offs[r]!, slope)
        chosen.nearestError += error
        chosen.chosenError += error + addedError(covariances[half].values, slope, changes[1 - half]!)
      }
    }
  }
  return all
}

/** Where integers differ from the nearest ones, and by how much. */
interface Changes {
  readonly at: readonly number[]
  readonly by: readonly number[]
}

function changesOf(nearest: Integers, integers: Integers): Changes {
  const at: number[] = []
  for (let k = 0; k < integers.length; k++) if (integers[k] !== nearest[k]) at.push(k)
  return { at, by: at.map((k) => integers[k]! - nearest[k]!) }
}

/** What changes add to d' C d: (d - m)' C (d - m) - d' C d = m' C m - 2 m' (C d). */
function addedError(covariance: Float64Array, slope: Float64Array, { at, by }: Changes): number {
  let added = 0
  for (let i = 0; i < at.length; i++) {
    const row = at[i]! * slope.length
    let sum = by[i]! * covariance[row + at[i]!]! - 2 * slope[at[i]!]!
    for (let j = 0; j < i; j++) sum += 2 * by[j]! * covariance[row + at[j]!]!
    added += by[i]! * sum
  }
  return added
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
  return sum
}

/**
 * Moves integers to where d' C d is least, as far as changing one at a time leads.
 * @param offs d: what the weights are off from the integers at the start, in integer steps
 * @param undamped C d without damping
 */
function descend(
  { values, damping }: Covariance,
  offs: Float64Array,
  undamped: Float64Array,
  integers: Integers,
  limit: number,
): void {
  const size = integers.length
  const slope = undamped.map((value, k) => value + damping * offs[k]!)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = false
    for (let k = 0; k < size; k++) {
      const row = k * size
      const variance = values[row + k]! + damping
      if (!(variance > 0)) continue
      const wanted = integers[k]! + Math.round(slope[k]! / variance)
      const change = Math.min(Math.max(wanted, -limit), limit) - integers[k]!
      if (change === 0) continue
      moved = true
      integers[k]! += change
      for (let j = 0; j < size; j++) slope[j]! -= change * values[row + j]!
      slope[k]! -= change * damping
    }
    if (!moved) return
  }
}
