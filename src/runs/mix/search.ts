// Which of the mixes that noise shares propose is taken. Shares are those of one thing quantized at a time, and noise that cancels or clips does not
// add up: so the integer models of some mixes are run on calibration samples, and what is measured decides.

import type { PlannedOperator } from '../../operators/types.js'

/** Operators with 16 bits. */
export type Wide = readonly PlannedOperator[]

/** Noise to signal at the outputs with these operators in 16 bits. */
export type Measure = (wide: Wide) => Promise<number>

export interface Measured {
  readonly wide: Wide
  readonly noise: number
}

/** Of several mixes the one that makes the least noise; of equals the first. */
export async function leastNoise([first, ...more]: readonly [Wide, ...Wide[]], measure: Measure): Promise<Measured> {
  let best: Measured = { wide: first, noise: await measure(first) }
  for (const wide of more) {
    const noise = await measure(wide)
    if (noise < best.noise) best = { wide, noise }
  }
  return best
}

export interface Target {
  /** The most noise that is asked for. */
  readonly noise: number
  /** Operators in the order in which they get 16 bits; so many of the first get them anyway. */
  readonly order: Wide
  readonly least: number
  readonly costOf: (operator: PlannedOperator) => number
}

/** Measurements that may go into leaving single operators out of a mix that is good enough. */
export const MOST_TRIMS = 8

/**
 * A mix that is measured to make no more noise than asked for: the first operators of the order, as few as a bisection finds, without the dearest
 * that the mix can do without. Where none of those that were measured is good enough, the least noisy.
 */
export async function reach({ noise, order, least, costOf }: Target, measure: Measure): Promise<Measured> {
  const start = order.slice(0, least)
  const fewest = await leastNoise([start], measure)
  if (fewest.noise <= noise) return fewest
  let found = await leastNoise([order], measure)
  if (found.noise > noise) return leastNoise([start, order], measure)
  // The first `short` operators are too few, those of `found` are enough.
  let short = least
  while (found.wide.length - short > 1) {
    const middle = Math.floor((short + found.wide.length) / 2)
    const tried = await leastNoise([order.slice(0, middle)], measure)
    if (tried.noise <= noise) found = tried
    else short = middle
  }
  const spare = [...found.wide.slice(least)].sort((a, b) => costOf(b) - costOf(a))
  for (const operator of spare.slice(0, MOST_TRIMS)) {
    const tried = await leastNoise([found.wide.filter((one) => one !== operator)], measure)
    if (tried.noise <= noise) found = tried
  }
  return found
}
