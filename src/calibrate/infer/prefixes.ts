// The statistics of one call of the infer function, for several values of -i: the first 5 items of executor.map are those of 10. Forward
// passes end in any order; which item they are of decides. Other calls of executor.forward come when their data are loaded, or are of samples
// that the function chose by executor.iteration: the function is called for each value of -i.

import { addBuffer, emptyBuffer } from '../../histogram/buffer.js'

/** The statistics of the first items, as many as `iteration` says. */
export interface Prefix {
  readonly iteration: number
  /** Samples, or forward passes. */
  readonly samples: number
  readonly buffer: SharedArrayBuffer
}

export class Prefixes {
  readonly #iterations: readonly number[]
  readonly #tensors: readonly string[]
  readonly #segments: { readonly buffer: SharedArrayBuffer; samples: number }[]
  /** Forward passes of each item, those of none included. */
  readonly #calls = new Map<number | undefined, number>()

  /** @param iterations ascending: the last one is what the function is called with */
  constructor(iterations: readonly number[], tensors: readonly string[]) {
    this.#iterations = iterations
    this.#tensors = tensors
    this.#segments = iterations.map(() => ({ buffer: emptyBuffer(tensors), samples: 0 }))
  }

  /** A forward pass that the function has asked for is done. */
  done(item: number | undefined): void {
    this.#calls.set(item, (this.#calls.get(item) ?? 0) + 1)
  }

  /** Takes the statistics of a forward pass, or of a part of its batch. */
  add(item: number | undefined, statistics: SharedArrayBuffer): void {
    const at = this.#iterations.findIndex((iteration) => item !== undefined && item < iteration)
    const segment = this.#segments.at(at)!
    addBuffer(segment.buffer, statistics, this.#tensors)
    segment.samples++
  }

  /** What is known after the call, ascending: every value of -i where every item had as many forward passes, else the last one alone. */
  taken(): readonly Prefix[] {
    const sum = emptyBuffer(this.#tensors)
    const most = this.#iterations.at(-1)!
    const even = !this.#calls.has(undefined) && this.#calls.size === most && new Set(this.#calls.values()).size === 1
    const taken: Prefix[] = []
    let samples = 0
    for (const [i, segment] of this.#segments.entries()) {
      addBuffer(sum, segment.buffer, this.#tensors)
      samples += segment.samples
      const iteration = this.#iterations[i]!
      if (iteration !== most && !even) continue
      const buffer = emptyBuffer(this.#tensors)
      addBuffer(buffer, sum, this.#tensors)
      taken.push({ iteration, samples, buffer })
    }
    return taken
  }
}
