// Sets of tensor names that grow together.

export class UnionFind {
  readonly #parents = new Map<string, string>()

  /** The name that stands for a name's set. */
  find(name: string): string {
    const parent = this.#parents.get(name)
    if (parent === undefined) return name
    const root = this.find(parent)
    this.#parents.set(name, root)
    return root
  }

  /** Makes one set of the sets of these names. */
  join(names: readonly string[]): void {
    const [first, ...others] = names.map((name) => this.find(name))
    for (const other of others)
      if (this.find(other) !== this.find(first!)) this.#parents.set(this.find(other), this.find(first!))
  }
}
