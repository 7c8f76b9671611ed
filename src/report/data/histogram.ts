// A tensor's histogram for people: few bins of equal width, and what quantizing it costs.

import { BINS_LOG2, BINS_PER_SIGN, type Histogram } from '../../histogram/types.js'
import { rounded } from './rounded.js'
import type { HistogramEntry } from './types.js'

/** Bins that a drawing shows. */
const MOST_BINS = 128

/** Neighbouring bins added up until there are few: from the least to the greatest value. */
export function sketch(histogram: Histogram): HistogramEntry {
  if (histogram.count === 0) return { start: 0, step: 1, counts: [] }
  const width = binWidth(histogram)
  const middles = [...filledBins(histogram)].map(({ low, count }) => ({ middle: low + width / 2, count }))
  const least = Math.min(...middles.map(({ middle }) => middle))
  const most = Math.max(...middles.map(({ middle }) => middle))
  let group = 1
  const first = () => groupOf(least, width, group)
  const last = () => groupOf(most, width, group)
  while (last() - first() >= MOST_BINS) group *= 2
  const counts = new Array<number>(last() - first() + 1).fill(0)
  for (const { middle, count } of middles) counts[groupOf(middle, width, group) - first()]! += count
  return { start: rounded(first() * group * width), step: group * width, counts }
}

function groupOf(value: number, width: number, group: number): number {
  return Math.floor(value / (group * width))
}

export interface QuantizationError {
  /** Roots of the mean squared error over all values. */
  readonly clipping: number
  readonly rounding: number
}

/** How a tensor is held, as in QuantizedTensor, and the codes that it has. */
export interface Held {
  readonly scale: number
  readonly low: number
  readonly high: number
  readonly offset: number
  readonly told: readonly [low: number, high: number] | undefined
}

/** What is lost when values become codes: bins beyond the range are clipped, as far as readers can tell, the others rounded. Exact zeros are kept. */
export function quantizationError(histogram: Histogram, held: Held): QuantizationError {
  const { scale, low, high, offset, told = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] } = held
  const [least, most] = [low * scale + offset, high * scale + offset]
  const [toldLow, toldHigh] = [told[0] + offset, told[1] + offset]
  const width = binWidth(histogram)
  let clipping = 0
  let inside = 0
  for (const { low: start, count } of filledBins(histogram)) {
    // The last bin reaches to the extreme only.
    const value = Math.min(Math.max(start + width / 2, histogram.min), histogram.max)
    const middle = Math.min(Math.max(value, toldLow), toldHigh)
    const beyond = middle > most ? middle - most : middle < least ? least - middle : 0
    if (beyond > 0) clipping += count * beyond ** 2
    else inside += count
  }
  const total = Math.max(1, histogram.count)
  const nonzero = Math.max(0, inside - histogram.zeros)
  return { clipping: Math.sqrt(clipping / total), rounding: Math.sqrt((nonzero * scale ** 2) / 12 / total) }
}

function* filledBins({ counts, exponent }: Histogram): Generator<{ low: number; count: number }> {
  const width = 2 ** (exponent - BINS_LOG2)
  for (let bin = 0; bin < BINS_PER_SIGN; bin++) {
    if (counts[bin]! > 0) yield { low: bin * width, count: counts[bin]! }
    const negative = counts[BINS_PER_SIGN + bin]!
    if (negative > 0) yield { low: -(bin + 1) * width, count: negative }
  }
}

function binWidth({ exponent }: Histogram): number {
  return 2 ** (exponent - BINS_LOG2)
}
