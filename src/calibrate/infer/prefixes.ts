// The statistics of one call of the infer function, for several values of -i: the first 5 items of executor.map are those of 10. Forward
// passes end in any order; which item they are of decides. Other calls of executor.forward come when their data are loaded: which were
// the first is not told by their order, and the function is called for each value of -i.

import { addBuffer, emptyBuffer } from '../../histogram/buffer.js'

/** The statistics of the first items, as many as `iteration` says. */
export interface Prefix {
  readonly iteration: number
  /** Samples, or forward passes. */
  readonly samples: number
  readonly buffer: SharedArrayBuffer
}

export class Prefixes {
  /** Forward passes that the function has asked for and that are done. */
  calls = 0
  readonly #iterations: readonly number[]
  readonly #tensors: readonly string[]
  readonly #segments: { readonly buffer: SharedArrayBuffer; samples: number }[]
  /** Items so far; Infinity once a forward pass was of none. */
  #items = 0

  /** @param iterations ascending: the last one is what the function is called with */
  constructor(iterations: readonly number[], tensors: readonly string[]) {
    this.#iterations = iterations
    this.#tensors = tensors
    this.#segments = iterations.map(() => ({ buffer: emptyBuffer(tensors), samples: 0 }))
  }

  /** Takes the statistics of a forward pass, or of a part of its batch. */
  add(item: number | undefined, statistics: SharedArrayBuffer): void {
    this.#items = Math.max(this.#items, item === undefined ? Number.POSITIVE_INFINITY : item + 1)
    const at = this.#iterations.findIndex((iteration) => item !== undefined && item < iteration)
    const segment = this.#segments.at(at)!
    addBuffer(segment.buffer, statistics, this.#tensors)
    segment.samples++
  }

  /** What is known after the call, ascending: every value of -i where the forward passes were one an item, else the last one alone. */
  taken(): readonly Prefix[] {
    const sum = emptyBuffer(this.#tensors)
    const most = this.#iterations.at(-1)!
    const oneAnItem = this.calls === most && this.#items === most
    const taken: Prefix[] = []
    let samples = 0
    for (const [i, segment] of this.#segments.entries()) {
      addBuffer(sum, segment.buffer, this.#tensors)
      samples += segment.samples
      const iteration = this.#iterations[i]!
      if (iteration !== most && !oneAnItem) continue
      const buffer = emptyBuffer(this.#tensors)
      addBuffer(buffer, sum, this.#tensors)
      taken.push({ iteration, samples, buffer })
    }
    return taken
  }
}
