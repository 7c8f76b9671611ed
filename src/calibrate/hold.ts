// Which forward passes are held in memory, to be run again and again. A hash of each one's identity draws and orders them.

import { createHash } from 'node:crypto'
import type { HeldSample } from '../engine/protocol.js'
import type { Feeds } from './runner.js'

/** Forward passes that are held at most. */
export const MOST_HELD = 128

/** Bytes that all held inputs may take. */
const MOST_BYTES = 2 ** 28

/** A number that stands for some bytes or a name. */
export function seedOf(...parts: readonly (string | Uint8Array)[]): number {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest().readUInt32LE(0)
}

/** How many forward passes with inputs like these can be held. */
export function mostHeld(feeds: Feeds): number {
  const bytes = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0)
  return Math.max(1, Math.min(MOST_HELD, Math.floor(MOST_BYTES / bytes)))
}

export function sameDims(feeds: Feeds, as: Feeds): boolean {
  return Object.entries(feeds).every(([name, { dims }]) => String(dims) === String(as[name]?.dims))
}

/** A forward pass of user code, known by the values of its inputs alone. These are copied, as the code may write its next input into the same array. */
export function heldSample(feeds: Feeds): HeldSample {
  const bytes = Object.entries(feeds).flatMap(([name, { data }]) => [
    name,
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ])
  const own = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, copy(value)]))
  return { feeds: own, seed: seedOf(...bytes) }
}

/** Keeps those of the forward passes added to it that have the smallest hashes. */
export class HeldFeeds {
  readonly #held: HeldSample[] = []
  #first: Feeds | undefined

  add(sample: HeldSample): void {
    this.#first ??= sample.feeds
    if (!sameDims(sample.feeds, this.#first)) return
    const after = this.#held.findIndex(({ seed }) => seed > sample.seed)
    this.#held.splice(after < 0 ? this.#held.length : after, 0, sample)
    if (this.#held.length > mostHeld(this.#first)) this.#held.pop()
  }

  get samples(): readonly HeldSample[] {
    return this.#held
  }
}

function copy(value: Feeds[string]): Feeds[string] {
  return { ...value, data: value.data.slice() }
}
