// Offsets that are given to groups one after the other, so that every sum and every product can be met with them, and the noise of the steps that
// come of it.

import type { Group } from './groups.js'
import { type Product, refusedBy } from './products.js'
import { finestOffset, type Offset, offsetAt, type Range, symmetricStep } from './range.js'
import { type Addend, finestOf, isFree, type Sum, shared } from './sums.js'

export interface Candidate {
  readonly group: Group
  readonly range: Range
  /** Whether the biases of its readers can take an offset in. */
  readonly fits: (offset: number) => boolean
}

/** Offsets of the output and of the addends that make up the difference, and the noise of their steps. */
interface Option {
  readonly output: Offset | undefined
  readonly made: readonly (Offset | undefined)[]
  readonly noise: number
}

/** Mutable state: the offsets that are decided so far. */
export class Assignment {
  readonly #candidates: ReadonlyMap<string, Candidate>
  readonly #ranges: ReadonlyMap<string, Range>
  readonly #offsets = new Map<string, Offset>()
  readonly #decided = new Set<string>()

  constructor(candidates: ReadonlyMap<string, Candidate>, ranges: ReadonlyMap<string, Range>) {
    this.#candidates = candidates
    this.#ranges = ranges
  }

  result(): Map<Candidate, Offset> {
    return new Map([...this.#offsets].map(([name, offset]) => [this.#candidates.get(name)!, offset]))
  }

  /** @returns groups that must stay symmetric, where a sum cannot be met: then nothing of this assignment holds */
  take(sums: readonly Sum[], eager: ReadonlySet<Sum>): readonly string[] | undefined {
    const makers = new Map(sums.map((sum) => [sum, this.#makers(sum)]))
    const late = new Set(sums.flatMap((sum) => [sum.output, ...makers.get(sum)!.map(({ group }) => group)]))
    for (const name of this.#candidates.keys()) if (!late.has(name)) this.#decideFinest(name)
    for (const sum of sums) {
      if (!this.#meet(sum, makers.get(sum)!, eager.has(sum)))
        return [sum.output, ...sum.addends.map(({ group }) => group)]
    }
    return undefined
  }

  /** @returns groups that must stay symmetric, where a product cannot be met */
  refused(products: readonly Product[]): readonly string[] | undefined {
    const gainOf = (name: string) =>
      this.#offsets.has(name) ? symmetricStep(this.#range(name)) / this.#step(name) : undefined
    const found = products.flatMap((product) => refusedBy(product, gainOf) ?? [])
    return found.length === 0 ? undefined : found
  }

  /**
   * Of all sums: the noise that each output and each addend brings in, beside the output's largest value squared. An addend that another sum writes is
   * that one's output. Of all products: the noise of the factors and of the output, each beside its largest value squared.
   */
  noise(sums: readonly Sum[], products: readonly Product[]): number {
    const outputs = new Set(sums.map(({ output }) => output))
    const relative = (name: string) => (this.#step(name) / this.#range(name).threshold) ** 2
    const multiplied = products.flatMap(({ factors, output }) => [...factors, output]).map(relative)
    const start = multiplied.reduce((total, one) => total + one, 0)
    return sums.reduce((total, { output, addends }) => {
      const own = addends.filter(({ group }) => !outputs.has(group))
      const noise = own.reduce((all, one) => all + one.noise * this.#step(one.group) ** 2, this.#step(output) ** 2)
      return total + noise / this.#range(output).threshold ** 2
    }, start)
  }

  /** The addends that make up the difference between what the others bring and what the output is to have. */
  #makers({ operator, output, addends }: Sum): readonly Addend[] {
    return addends.filter(({ group }) => {
      const candidate = this.#candidates.get(group)
      const isOnce = addends.filter((addend) => addend.group === group).length === 1
      return candidate !== undefined && isOnce && group !== output && isFree(candidate.group, operator)
    })
  }

  #meet(sum: Sum, makers: readonly Addend[], isEager: boolean): boolean {
    const { output, addends } = sum
    const others = addends.filter((addend) => !makers.includes(addend))
    // One scale may hold what this sum reads and what a later one writes.
    for (const { group } of others) if (!this.#decided.has(group)) this.#decideFinest(group)
    const given = others.reduce((total, { group, constant }) => total + constant * this.#offset(group), 0)
    const options = this.#wishes(output, given, makers).flatMap((wish) => this.#option(sum, wish, given, makers) ?? [])
    const wanted = isEager ? finestOutputs(options) : options
    const best = wanted.reduce<Option | undefined>((a, b) => (a === undefined || b.noise < a.noise ? b : a), undefined)
    if (best === undefined) return false
    const noise = others.reduce((total, addend) => total + addend.noise * this.#step(addend.group) ** 2, best.noise)
    const involved = [{ group: output, noise: 1 }, ...addends]
    const without = involved.reduce((total, one) => total + one.noise * symmetricStep(this.#range(one.group)) ** 2, 0)
    const isPlain = best.output === undefined && best.made.every((one) => one === undefined) && given === 0
    if (!isEager && !isPlain && noise >= without) return false
    if (!this.#decided.has(output)) this.#decide(output, best.output)
    for (const [i, { group }] of makers.entries()) this.#decide(group, best.made[i])
    return true
  }

  /** Offsets of the output that are worth a look. */
  #wishes(output: string, given: number, makers: readonly Addend[]): readonly number[] {
    const candidate = this.#candidates.get(output)
    if (candidate === undefined || this.#decided.has(output)) return [this.#offset(output)]
    if (makers.length === 0) return [given]
    const own = makers.reduce((total, { group, constant }) => total + constant * finestOf(this.#range(group)), given)
    const finest = finestOffset(candidate.range)?.offset
    return [0, given, own, ...(finest === undefined ? [] : [finest])]
  }

  /** What an offset of the output asks of the addends that make up the difference; undefined where it cannot be. */
  #option({ output, makesHalves }: Sum, wish: number, given: number, makers: readonly Addend[]): Option | undefined {
    const range = this.#range(output)
    const candidate = this.#candidates.get(output)
    const held = this.#offsets.get(output) ?? (wish === 0 ? undefined : offsetAt(range, wish, true, makesHalves))
    if (wish !== 0 && (held === undefined || candidate?.fits(held.offset) === false)) return undefined
    let noise = (held?.scale ?? symmetricStep(range)) ** 2
    if (makers.length === 0) return given === wish ? { output: held, made: [], noise } : undefined
    const made: (Offset | undefined)[] = []
    const ranges = makers.map(({ group, constant }) => ({ range: this.#range(group), constant }))
    for (const [i, rest] of shared(ranges, wish - given).entries()) {
      const { group, noise: gain } = makers[i]!
      const own = this.#range(group)
      const one = rest === 0 ? undefined : offsetAt(own, rest, isOneSided(own))
      if (rest !== 0 && one === undefined) return undefined
      made.push(one)
      noise += gain * (one?.scale ?? symmetricStep(own)) ** 2
    }
    return { output: held, made, noise }
  }

  #decideFinest(name: string): void {
    const candidate = this.#candidates.get(name)
    const found = candidate && finestOffset(candidate.range)
    this.#decide(name, found !== undefined && candidate!.fits(found.offset) ? found : undefined)
  }

  #decide(name: string, offset: Offset | undefined): void {
    this.#decided.add(name)
    if (offset !== undefined) this.#offsets.set(name, offset)
  }

  #offset(name: string): number {
    return this.#offsets.get(name)?.offset ?? 0
  }

  #range(name: string): Range {
    return this.#ranges.get(name)!
  }

  #step(name: string): number {
    return this.#offsets.get(name)?.scale ?? symmetricStep(this.#range(name))
  }
}

/** As after a Relu: zero is often its most frequent value, and what rounding it is off by would be the same everywhere. */
function isOneSided({ low }: Range): boolean {
  return low === 0
}

/** The options of the output's finest step. */
function finestOutputs(options: readonly Option[]): readonly Option[] {
  const step = ({ output }: Option) => output?.scale ?? Number.POSITIVE_INFINITY
  const finest = Math.min(...options.map(step))
  return options.filter((option) => step(option) === finest)
}
