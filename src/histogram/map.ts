// The histogram of f(x), from the histogram of x: every bin's values are taken to be at its middle, exact zeros and the two extremes as they
// are. A bin is 2^-12 of the range, so y is off by half of that times f's slope: far below a step of 8 bits where f is not steep.
// The result is a function of the histogram alone, so it is as independent of order as that is.

import { emptyHistogram, exponentOf } from './histogram.js'
import { BINS_LOG2, BINS_PER_SIGN, type Histogram, NUM_BINS } from './types.js'

/** The statistics of f over the values counted in `x`. f must be finite there; the number of values stays. */
export function mapHistogram(x: Histogram, f: (value: number) => number): Histogram {
  const width = binWidth(x.exponent)
  const rest = x.counts.slice()
  const points: Point[] = []
  const add = (value: number, count: number) => points.push({ y: f(value) + 0, count }) // -0 + 0 is 0
  // The extremes stand for one value each of their bins; so do exact zeros for theirs.
  for (const { value, count } of exactValues(x)) {
    add(value, count)
    rest[indexOf(value, width)]! -= count
  }
  for (let index = 0; index < NUM_BINS; index++) {
    const count = rest[index]!
    if (count > 0) add(middleOf(index, width), count)
  }
  return ofPoints(points)
}

interface Point {
  readonly y: number
  readonly count: number
}

function exactValues({ min, max, zeros }: Histogram): { value: number; count: number }[] {
  const extremes = [...new Set([min, max])].filter((value) => Number.isFinite(value) && value !== 0)
  return [...(zeros > 0 ? [{ value: 0, count: zeros }] : []), ...extremes.map((value) => ({ value, count: 1 }))]
}

function ofPoints(points: readonly Point[]): Histogram {
  const result = { ...emptyHistogram() }
  for (const { y, count } of points) {
    result.min = Math.min(result.min, y)
    result.max = Math.max(result.max, y)
    result.count += count
    if (y === 0) result.zeros += count
  }
  const magnitude = Math.max(-result.min, result.max)
  if (magnitude > 0) result.exponent = exponentOf(magnitude)
  const width = binWidth(result.exponent)
  for (const { y, count } of points) result.counts[indexOf(y, width)]! += count
  return result
}

function binWidth(exponent: number): number {
  return 2 ** (exponent - BINS_LOG2)
}

function indexOf(value: number, width: number): number {
  return Math.floor(Math.abs(value) / width) + (value < 0 ? BINS_PER_SIGN : 0)
}

function middleOf(index: number, width: number): number {
  return index < BINS_PER_SIGN ? (index + 0.5) * width : -(index - BINS_PER_SIGN + 0.5) * width
}
