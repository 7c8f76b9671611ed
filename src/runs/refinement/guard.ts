// Whether a step made a model better: on samples that it was not fitted to, and by more than their chance.

/** How many of its standard errors a mean gain must be above zero: by chance alone one useless step in twenty is. */
const LEAST_SIGNIFICANCE = 1.645

export interface Gain {
  /** The mean gain over samples in its own standard errors. */
  readonly significance: number
  readonly kept: boolean
}

/** @param before noise of each sample without the step; `after` with it */
export function gainOf(before: readonly number[], after: readonly number[]): Gain {
  const gains = before.map((noise, i) => noise - after[i]!)
  const mean = sum(gains) / gains.length
  const variance = sum(gains.map((gain) => (gain - mean) ** 2)) / (gains.length - 1)
  const significance = mean === 0 ? 0 : mean / Math.sqrt(variance / gains.length)
  return { significance, kept: significance >= LEAST_SIGNIFICANCE }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
