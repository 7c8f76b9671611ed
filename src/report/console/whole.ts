// How far a run is as a whole: the samples of all its passes over the data, calibration and every evaluation together.

import { duration } from './terminal.js'

export class WholeRun {
  readonly #now: () => number
  #total: number | undefined
  #done = 0
  #began = 0

  /** @param now milliseconds, monotonic */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The samples of all passes. Until they are told, there is nothing to say. */
  expect(samples: number): void {
    this.#total = samples
    this.#began = this.#now()
  }

  advance(samples: number): void {
    this.#done += samples
  }

  /** `run 37 %, 3 min left`; undefined where it would say no more than the pass itself does. */
  text(): string | undefined {
    if (this.#total === undefined || this.#total === 0 || this.#done === 0) return undefined
    const share = Math.min(1, this.#done / this.#total)
    const left = ((this.#now() - this.#began) / 1000) * (1 / share - 1)
    return `run ${Math.floor(share * 100)} %, ${duration(left)} left`
  }
}
