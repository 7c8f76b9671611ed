// The histogram of f(x), from the histogram of x: every bin's values are taken to be at its middle, exact zeros and the two extremes as they
// are. A bin is 2^-12 of the range, so y is off by half of that times f's slope: far below a step of 8 bits where f is gentle.
// The result is a function of the histogram alone, so it is as independent of order as that is.

import { emptyHistogram, exponentOf } from './histogram.js'
import { BINS_LOG2, BINS_PER_SIGN, type Histogram } from './types.js'

/** The statistics of f over the values counted in `x`. f must be finite there; count and number of values stay. */
export function imageOf(x: Histogram, f: (value: number) => number): Histogram {
  const values = new Map<number, number>()
  const add = (y: number, count: number) => values.set(y + 0, (values.get(y + 0) ?? 0) + count) // -0 + 0 is 0
  const width = 2 ** (x.exponent - BINS_LOG2)
  // The extremes stand for one value each of their bins; so do exact zeros.
  const exact = [...(x.zeros > 0 ? [{ value: 0, count: x.zeros }] : []), ...extremes(x)]
  for (const { value, count } of exact) add(f(value), count)
  for (const [index, counted] of x.counts.entries()) {
    if (counted === 0) continue
    const negative = index >= BINS_PER_SIGN
    const bin = negative ? index - BINS_PER_SIGN : index
    const taken = exact.reduce((sum, { value, count }) => (indexOf(value, width) === index ? sum + count : sum), 0)
    if (counted > taken) add(f((negative ? -1 : 1) * (bin + 0.5) * width), counted - taken)
  }
  return ofValues(values)
}

/** The least and the greatest value where they are not zero, once if they are the same. */
function extremes({ min, max }: Histogram): { value: number; count: number }[] {
  return [...new Set([min, max])]
    .filter((value) => Number.isFinite(value) && value !== 0)
    .map((value) => ({ value, count: 1 }))
}

function indexOf(value: number, width: number): number {
  return Math.floor(Math.abs(value) / width) + (value < 0 ? BINS_PER_SIGN : 0)
}

/** value -> how often. */
function ofValues(values: ReadonlyMap<number, number>): Histogram {
  const result = { ...emptyHistogram() }
  for (const [y, count] of values) {
    result.min = Math.min(result.min, y)
    result.max = Math.max(result.max, y)
    result.count += count
    if (y === 0) result.zeros += count
  }
  const magnitude = Math.max(-result.min, result.max)
  if (!(magnitude > 0)) {
    result.counts[0] = result.count
    return result
  }
  const exponent = exponentOf(magnitude)
  const width = 2 ** (exponent - BINS_LOG2)
  for (const [y, count] of values) result.counts[indexOf(y, width)]! += count
  return { ...result, exponent }
}
