// What every built-in form of data offers; datasets.ts makes a dataset of it.

import { SquireError } from '../../errors.js'
import type { Sample } from '../types.js'

export interface Reader {
  readonly size: number
  /** Whether samples have labels. */
  readonly labelled: boolean
  id(index: number): string
  /** Reads one sample. What it throws need not name the sample. */
  read(index: number): Promise<Sample<number>>
  /** Looks up the class of a sample without reading the sample. */
  classes(): Promise<(index: number) => number>
  /** Identity of the sample's content. */
  fingerprint(index: number): Promise<string>
  close(): Promise<void>
}

/** A class index out of a file. */
export function toLabel(value: unknown): number {
  const label = typeof value === 'bigint' ? Number(value) : value
  if (typeof label === 'number' && Number.isInteger(label)) return label
  throw new SquireError('DATA', `label ${JSON.stringify(String(value))} is not a class index: expected a whole number`)
}

/** The last few values made, so that neighbours in a file are read once. */
export class RecentlyUsed<Value> {
  readonly #values = new Map<string, Promise<Value>>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const value = this.#values.get(key) ?? make()
    // Deleted and set again: a Map keeps the order of insertion, so its first key is the one used longest ago.
    this.#values.delete(key)
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most) break
      this.#values.delete(oldest)
    }
    // A failure is reported to whoever waits for it, and not kept.
    value.catch(() => this.#values.delete(key))
    return value
  }

  clear(): void {
    this.#values.clear()
  }
}
