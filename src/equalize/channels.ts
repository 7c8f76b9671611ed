// Sets of channels that have one factor: union and find over all channels of all tensors. A factor of 1 is a property of a set as well.

import { elementCount } from '../onnx/tensor.js'
import { DataType, type TensorInfo } from '../onnx/types.js'

/** Tensors whose channels (axis 1) are scaled together. */
export interface Chain {
  /** Tensor -> the number of each channel's factor. In graph order. */
  readonly tensors: ReadonlyMap<string, Int32Array>
  /** By factor, whether it may be other than 1. */
  readonly free: readonly boolean[]
}

/** Mutable state: sets of channels that have one factor, and those whose factor is 1. */
export class Channels {
  readonly #tensors: ReadonlyMap<string, TensorInfo>
  /** Tensor -> the number of its first channel. */
  readonly #first = new Map<string, number>()
  readonly #parents: number[] = []
  readonly #pinned: string[] = []

  constructor(tensors: ReadonlyMap<string, TensorInfo>) {
    this.#tensors = tensors
  }

  /** Channels of a float tensor of fixed dims, else 0. */
  count(name: string): number {
    const info = this.#tensors.get(name)
    return info?.dataType === DataType.FLOAT && info.varies !== true ? (info.dims[1] ?? 0) : 0
  }

  pin(name: string): void {
    if (this.count(name) > 0) this.#pinned.push(name)
  }

  join(a: string, b: string): boolean {
    const count = this.count(a)
    if (count === 0 || this.count(b) !== count) return false
    for (let c = 0; c < count; c++) this.#unite(this.#of(a) + c, this.#of(b) + c)
    return true
  }

  joinParts(parts: readonly string[], whole: string): boolean {
    const counts = parts.map((name) => this.count(name))
    if (counts.includes(0) || counts.reduce((sum, count) => sum + count, 0) !== this.count(whole)) return false
    let to = this.#of(whole)
    for (const [i, part] of parts.entries()) {
      for (let c = 0; c < counts[i]!; c++) this.#unite(this.#of(part) + c, to++)
    }
    return true
  }

  /** A product with one value for each channel, which keeps its own factor of 1. */
  joinGated(a: string, b: string, output: string): boolean {
    const isGate = (name: string) => elementCount(this.#dims(name).slice(2)) === 1
    if (!this.sameRank(a, b) || !this.sameRank(a, output) || isGate(a) === isGate(b)) return false
    const [gate, gated] = isGate(a) ? [a, b] : [b, a]
    this.pin(gate)
    return this.join(gated, output)
  }

  sameDims(...names: readonly string[]): boolean {
    return new Set(names.map((name) => this.#dims(name).join())).size === 1 && this.count(names[0]!) > 0
  }

  sameRank(a: string, b: string): boolean {
    return this.#dims(a).length === this.#dims(b).length && this.#dims(a)[0] === this.#dims(b)[0]
  }

  /** Whether every channel of both has one value for each sample. */
  areSingle(a: string, b: string): boolean {
    return (
      [a, b].every((name) => elementCount(this.#dims(name).slice(2)) === 1) && this.#dims(a)[0] === this.#dims(b)[0]
    )
  }

  chains(order: readonly string[]): Chain[] {
    const pinned = new Set(this.#pinned.flatMap((name) => this.#roots(name)))
    const chainOf = new Map<number, { tensors: string[] }>()
    for (const name of order.filter((one) => this.count(one) > 0)) {
      const roots = this.#roots(name)
      const touched = [...new Set(roots.flatMap((root) => chainOf.get(root) ?? []))]
      const chain = { tensors: [...touched.flatMap(({ tensors }) => tensors), name] }
      const all = [...chain.tensors.flatMap((one) => this.#roots(one))]
      for (const root of all) chainOf.set(root, chain)
    }
    return [...new Set(chainOf.values())].map(({ tensors }) => {
      const numbers = new Map<number, number>()
      const numbered = tensors.map((name) => {
        const roots = this.#roots(name)
        for (const root of roots) if (!numbers.has(root)) numbers.set(root, numbers.size)
        return [name, Int32Array.from(roots, (root) => numbers.get(root)!)] as const
      })
      return { tensors: new Map(numbered), free: [...numbers.keys()].map((root) => !pinned.has(root)) }
    })
  }

  #roots(name: string): number[] {
    const first = this.#of(name)
    return Array.from({ length: this.count(name) }, (_, c) => this.#find(first + c))
  }

  #of(name: string): number {
    const known = this.#first.get(name)
    if (known !== undefined) return known
    const first = this.#parents.length
    this.#first.set(name, first)
    for (let c = 0; c < this.count(name); c++) this.#parents.push(first + c)
    return first
  }

  #find(channel: number): number {
    let root = channel
    while (this.#parents[root] !== root) {
      this.#parents[root] = this.#parents[this.#parents[root]!]!
      root = this.#parents[root]!
    }
    return root
  }

  #unite(a: number, b: number): void {
    this.#parents[this.#find(a)] = this.#find(b)
  }

  #dims(name: string): readonly number[] {
    return this.#tensors.get(name)?.dims ?? []
  }
}
