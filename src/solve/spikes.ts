// Narrow spikes cut down to the level of the bins around them, by a running median.

/** A bin may hold so many times the median of its neighbourhood: what is steep but smooth stays. */
const MOST_TIMES_MEDIAN = 4

/** The numbers of a sliding window in ascending order. */
class SortedWindow {
  readonly #sorted: number[] = []

  #rank(value: number): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle]! < value) low = middle + 1
      else high = middle
    }
    return low
  }

  add(value: number): void {
    this.#sorted.splice(this.#rank(value), 0, value)
  }

  remove(value: number): void {
    this.#sorted.splice(this.#rank(value), 1)
  }

  /** The upper one of two; 0 of none. */
  median(): number {
    return this.#sorted[this.#sorted.length >> 1] ?? 0
  }
}

/**
 * Every bin at most MOST_TIMES_MEDIAN times the median of the non-empty bins no farther than `reach`, itself among them: a lone
 * bin stays as it is, a spike of fewer than `reach` bins does not.
 */
export function limitSpikes(bins: Float64Array, reach: number): Float64Array {
  const window = new SortedWindow()
  for (const count of bins.subarray(0, reach)) if (count > 0) window.add(count)
  return bins.map((count, bin) => {
    const [entering, leaving] = [bins[bin + reach] ?? 0, bins[bin - reach - 1] ?? 0]
    if (entering > 0) window.add(entering)
    if (leaving > 0) window.remove(leaving)
    return Math.min(count, MOST_TIMES_MEDIAN * window.median())
  })
}
