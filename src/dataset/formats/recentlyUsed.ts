// A small cache: the least recently used value makes room for a new one.

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
