// The dyadic histogram's algebra (see types.ts for the bins). Histograms with merge are a commutative monoid whose identity is
// emptyHistogram(), and observe is a homomorphism from multisets of values into it: order and split can never matter.
// Nothing here is changed in place. observe is the slow, obvious reference that the kernel must equal.

import { BINS_LOG2, BINS_PER_SIGN, EMPTY_EXPONENT, type Histogram, NUM_BINS } from './types.js'

/** The identity of merge: no value seen. */
export function emptyHistogram(): Histogram {
  return {
    exponent: EMPTY_EXPONENT,
    counts: new Float64Array(NUM_BINS),
    min: Infinity,
    max: -Infinity,
    count: 0,
    zeros: 0,
  }
}

/** The smallest integer k >= EMPTY_EXPONENT with magnitude < 2^k. `magnitude` is finite and not negative. */
export function exponentOf(magnitude: number): number {
  // A double with exponent field e, 11 bits below the sign, is in [2^(e-1023), 2^(e-1022)); those with e = 0 are far below 2^EMPTY_EXPONENT.
  double.setFloat64(0, magnitude)
  return Math.max(EMPTY_EXPONENT, (double.getUint16(0) >> 4) - 1022)
}

const double = new DataView(new ArrayBuffer(8))

/** `histogram` and the values, all finite: a RangeError names the first that is not. */
export function observe(histogram: Histogram, values: Float32Array): Histogram {
  const bad = values.findIndex((x) => !Number.isFinite(x))
  if (bad !== -1) throw new RangeError(`value ${bad} is ${values[bad]}: a histogram counts finite values only`)

  let { min, max } = histogram
  let zeros = 0
  for (const x of values) {
    min = Math.min(min, x + 0) // -0 + 0 is 0
    max = Math.max(max, x + 0)
    if (x === 0) zeros += 1
  }

  const exponent = values.length === 0 ? histogram.exponent : exponentOf(Math.max(-min, max))
  const counts = histogram.counts.slice()
  widenCounts(counts, exponent - histogram.exponent)
  for (const x of values) {
    const bin = Math.floor(Math.abs(x) * 2 ** (BINS_LOG2 - exponent)) + (x < 0 ? BINS_PER_SIGN : 0)
    counts[bin]! += 1
  }
  return { exponent, counts, min, max, count: histogram.count + values.length, zeros: histogram.zeros + zeros }
}

/** The same statistics over [0, 2^exponent): counts of neighbouring bins added. Exact, as floor(floor(2y) / 2) = floor(y). */
export function widen(histogram: Histogram, exponent: number): Histogram {
  const counts = histogram.counts.slice()
  widenCounts(counts, exponent - histogram.exponent)
  return { ...histogram, exponent, counts }
}

/** Halves the resolution of `counts` (NUM_BINS of them) `levels` times, in place. */
function widenCounts(counts: Float64Array, levels: number): void {
  if (levels < 0)
    throw new RangeError(`cannot narrow a histogram by ${-levels} powers of two: the finer counts are gone`)
  if (levels === 0) return
  const shift = Math.min(levels, BINS_LOG2)
  for (let half = 0; half < NUM_BINS; half += BINS_PER_SIGN) {
    for (let bin = 1; bin < BINS_PER_SIGN; bin++) {
      const count = counts[half + bin]!
      counts[half + bin] = 0
      counts[half + (bin >> shift)]! += count
    }
  }
}

/** The statistics of both multisets of values together. */
export function merge(a: Histogram, b: Histogram): Histogram {
  return mergeAll([a, b])
}

/** The statistics of all the multisets of values together; of none: emptyHistogram(), of one: the very same. */
export function mergeAll(histograms: Iterable<Histogram>): Histogram {
  const parts = [...histograms]
  if (parts.length === 1) return parts[0]!
  const exponent = parts.reduce((widest, part) => Math.max(widest, part.exponent), EMPTY_EXPONENT)
  const merged = { ...emptyHistogram(), exponent }
  for (const part of parts) {
    addCounts(merged.counts, exponent, part)
    merged.min = Math.min(merged.min, part.min)
    merged.max = Math.max(merged.max, part.max)
    merged.count += part.count
    merged.zeros += part.zeros
  }
  return merged
}

/** merge(a, b) in the memory of `a.counts`: `a` is consumed, and nothing is allocated. */
export function mergeInto(a: Histogram, b: Histogram): Histogram {
  const exponent = Math.max(a.exponent, b.exponent)
  widenCounts(a.counts, exponent - a.exponent)
  addCounts(a.counts, exponent, b)
  return {
    exponent,
    counts: a.counts,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    count: a.count + b.count,
    zeros: a.zeros + b.zeros,
  }
}

/** Adds the counts of `part`, widened to `exponent`, as far as its values reach. */
function addCounts(sum: Float64Array, exponent: number, part: Histogram): void {
  const shift = Math.min(exponent - part.exponent, BINS_LOG2)
  const bins = 2 ** (BINS_LOG2 - part.exponent)
  const halves = [
    { start: 0, top: Math.floor(Math.max(part.max, 0) * bins) },
    { start: BINS_PER_SIGN, top: Math.floor(Math.max(-part.min, 0) * bins) },
  ]
  for (const { start, top } of halves) {
    for (let bin = 0; bin <= top; bin++) sum[start + (bin >> shift)]! += part.counts[start + bin]!
  }
}
