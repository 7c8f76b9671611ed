// Offsets that are given to groups one after the other, so that every sum and every product can be met with them, and the noise of the steps that
// come of it.

import { type Product, refusedBy } from './products.js'
import { finestOffset, type Offset, offsetAt, type Range, symmetricStep } from './range.js'
import { type Candidate, groupsOf, type Start } from './start.js'
import { type Addend, finestOf, type Sum, shared } from './sums.js'

/** Offsets of the output and of the addends that make up the difference, and the noise of their steps. */
interface Option {
  readonly output: Offset | undefined
  readonly made: readonly (Offset | undefined)[]
  readonly noise: number
}

/** What a group was before a sum decided it. */
interface Before {
  readonly name: string
  readonly wasDecided: boolean
  readonly offset: Offset | undefined
}

/** Mutable state: the offsets that are decided so far. */
export class Assignment {
  readonly #start: Start
  readonly #candidates: Map<string, Candidate>
  readonly #offsets = new Map<string, Offset>()
  readonly #decided = new Set<string>()
  /** Of each sum that is met, in their order. */
  readonly #met: Before[][] = []
  /** Sums that were at some time met in another way for being eager than they were otherwise. */
  readonly #torn = new Set<Sum>()

  constructor(start: Start) {
    this.#start = start
    this.#candidates = new Map(start.candidates)
    for (const name of start.early) this.#decideFinest(name)
  }

  result(): Map<Candidate, Offset> {
    return new Map([...this.#offsets].map(([name, offset]) => [this.#candidates.get(name)!, offset]))
  }

  /**
   * Meets the sums that are not met yet.
   * @returns groups that must stay symmetric, where a sum cannot be met: then nothing of this assignment holds
   */
  take(eager: ReadonlySet<Sum>): readonly string[] | undefined {
    const { sums } = this.#start
    while (this.#met.length < sums.length) {
      const sum = sums[this.#met.length]!
      this.#met.push([])
      if (!this.#meet(sum, eager.has(sum))) return groupsOf(sum)
    }
    return undefined
  }

  /**
   * These groups stay symmetric. What the sums before the first one that reads or writes one of them have decided is what they would decide without these
   * groups: only the others are met anew, as an assignment that started again at each refusal would take time with the cube of the sums.
   */
  remove(names: readonly string[]): void {
    const { sums, firstOf } = this.#start
    const kept = Math.min(...names.map((name) => firstOf.get(name) ?? sums.length))
    while (this.#met.length > kept) for (const before of this.#met.pop()!.reverse()) this.#restore(before)
    for (const name of names) {
      this.#candidates.delete(name)
      this.#offsets.delete(name)
      this.#decided.delete(name)
    }
  }

  /** Whether the assignment may be another one where this sum is asked the other way. */
  dependsOn(sum: Sum): boolean {
    return this.#torn.has(sum)
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

  #meet(sum: Sum, isEager: boolean): boolean {
    const { output, addends } = sum
    const makers = this.#start.makers.get(sum)!.filter(({ group }) => this.#candidates.has(group))
    const others = addends.filter((addend) => !makers.includes(addend))
    // One scale may hold what this sum reads and what a later one writes.
    for (const { group } of others) if (!this.#decided.has(group)) this.#decideFinest(group)
    const given = others.reduce((total, { group, constant }) => total + constant * this.#offset(group), 0)
    const options = this.#wishes(output, given, makers).flatMap((wish) => this.#option(sum, wish, given, makers) ?? [])
    const finest = leastNoisy(finestOutputs(options))
    const quietest = leastNoisy(options)
    const worthIt = quietest && this.#isWorthIt(quietest, sum, given, others) ? quietest : undefined
    if (finest !== worthIt) this.#torn.add(sum)
    const best = isEager ? finest : worthIt
    if (best === undefined) return false
    if (!this.#decided.has(output)) this.#decide(output, best.output)
    for (const [i, { group }] of makers.entries()) this.#decide(group, best.made[i])
    return true
  }

  /** Whether the steps of all tensors around a sum make less noise with offsets than without, or nothing has an offset. */
  #isWorthIt({ output, made, noise }: Option, sum: Sum, given: number, others: readonly Addend[]): boolean {
    const withThem = others.reduce((total, addend) => total + addend.noise * this.#step(addend.group) ** 2, noise)
    const involved = [{ group: sum.output, noise: 1 }, ...sum.addends]
    const without = involved.reduce((total, one) => total + one.noise * symmetricStep(this.#range(one.group)) ** 2, 0)
    const isPlain = output === undefined && made.every((one) => one === undefined) && given === 0
    return isPlain || !(withThem >= without)
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
    this.#met.at(-1)?.push({ name, wasDecided: this.#decided.has(name), offset: this.#offsets.get(name) })
    this.#decided.add(name)
    if (offset !== undefined) this.#offsets.set(name, offset)
  }

  #restore({ name, wasDecided, offset }: Before): void {
    if (!wasDecided) this.#decided.delete(name)
    if (offset === undefined) this.#offsets.delete(name)
    else this.#offsets.set(name, offset)
  }

  #offset(name: string): number {
    return this.#offsets.get(name)?.offset ?? 0
  }

  #range(name: string): Range {
    return this.#start.ranges.get(name)!
  }

  #step(name: string): number {
    return this.#offsets.get(name)?.scale ?? symmetricStep(this.#range(name))
  }
}

/** As after a Relu: zero is often its most frequent value, and what rounding it is off by would be the same everywhere. */
function isOneSided({ low }: Range): boolean {
  return low === 0
}

function leastNoisy(options: readonly Option[]): Option | undefined {
  return options.reduce<Option | undefined>((a, b) => (a === undefined || b.noise < a.noise ? b : a), undefined)
}

/** The options of the output's finest step. */
function finestOutputs(options: readonly Option[]): readonly Option[] {
  const step = ({ output }: Option) => output?.scale ?? Number.POSITIVE_INFINITY
  const finest = Math.min(...options.map(step))
  return options.filter((option) => step(option) === finest)
}
