// The samples that a run selected: their order, the forward pass that they begin with, and those found bad on the way.

import { samplesPerForward, stackSamples } from '../../dataset/batch.js'
import { dataDigest } from '../../dataset/identity.js'
import type { Chunk } from '../../engine/fold/chunks.js'
import type { SampleOrder } from '../../engine/fold/fold.js'
import type { HeldSample, SkippedSample } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { mostHeld, sameDims, seedOf } from '../hold.js'
import type { Feeds } from '../runner.js'
import type { DatasetRunnerOptions } from './datasetRun.js'

/** The inputs of a forward pass, and how many samples it takes. */
interface ForwardPass {
  readonly feeds: Feeds
  readonly batch: number
}

type Options = Pick<
  DatasetRunnerOptions,
  'pool' | 'source' | 'dataset' | 'inputs' | 'selected' | 'listing' | 'onBadSample'
>

/** Samples being loaded at a time while they are held. */
const LOADED_AT_ONCE = 16

export class SelectedSamples {
  readonly #options: Options
  readonly #bad = new Map<number, SkippedSample>()
  readonly #badForFloat = new Set<number>()
  #contents: Promise<bigint> | undefined
  #first: Promise<ForwardPass> | undefined

  constructor(options: Options) {
    this.#options = options
  }

  /** Those that were skipped, in canonical order. */
  get skipped(): readonly SkippedSample[] {
    return [...this.#options.selected].flatMap((index) => this.#bad.get(index) ?? [])
  }

  /** Dataset indices of those that no model could take. */
  get bad(): ReadonlySet<number> {
    return new Set(this.#bad.keys())
  }

  /** Dataset indices of those that the float model could not take: no integer model is asked to. */
  get badForFloat(): ReadonlySet<number> {
    return this.#badForFloat
  }

  skip(skipped: readonly SkippedSample[], byFloatModel: boolean): void {
    for (const sample of skipped) {
      this.#bad.set(sample.index, sample)
      if (byFloatModel) this.#badForFloat.add(sample.index)
    }
  }

  get order(): SampleOrder {
    return this.orderOf(this.#options.selected)
  }

  orderOf(indices: Uint32Array): SampleOrder {
    return { length: indices.length, at: (position) => this.#sample(indices[position]!) }
  }

  /** Dataset indices of those of the first `count` samples that are not known to be bad. */
  goodOf(count: number): Uint32Array {
    return this.#options.selected.subarray(0, count).filter((index) => !this.#bad.has(index))
  }

  indicesOf(chunks: readonly Chunk[]): Uint32Array {
    const { selected } = this.#options
    return Uint32Array.from(chunks.flatMap(({ from, to }) => [...selected.subarray(from, to)]))
  }

  /** The sum of what is in the samples of some chunks (see dataset/identity.ts). */
  contentsOf(chunks: readonly Chunk[]): Promise<bigint> {
    return this.#options.dataset.contents(this.indicesOf(chunks))
  }

  /** Takes the sum over all samples from elsewhere, so that digest() reads none. */
  assumeContents(contents: bigint): void {
    this.#contents = Promise.resolve(contents)
  }

  async digest(): Promise<string> {
    const { dataset, selected, listing } = this.#options
    this.#contents ??= dataset.contents(selected)
    return dataDigest(listing, await this.#contents)
  }

  firstForward(): Promise<ForwardPass> {
    this.#first ??= this.#firstGoodSample().then((feeds) => {
      const batch = samplesPerForward(feeds, this.#options.inputs)
      return { feeds: stackSamples([feeds], batch), batch }
    })
    return this.#first
  }

  /** What the last forward pass over the first `count` samples is fed. */
  async lastFeeds(count: number): Promise<Feeds> {
    const { batch, feeds } = await this.firstForward()
    const indices = [...this.goodOf(count).subarray(-batch)]
    if (indices.length === 0) return feeds
    return stackSamples(await Promise.all(indices.map((index) => this.#load(index))), batch)
  }

  /** At most MOST_HELD forward passes over the first `count` samples, drawn and ordered by a hash of the samples' ids. */
  async hold(count: number): Promise<readonly HeldSample[]> {
    const { feeds, batch } = await this.firstForward()
    const drawn = [...this.#options.selected.subarray(0, count)]
      .map((index) => ({ index, seed: seedOf(this.#options.dataset.id(index)) }))
      .sort((a, b) => a.seed - b.seed || a.index - b.index)
    const wanted = batch * mostHeld(feeds)
    const loaded: { readonly seed: number; readonly feeds: Feeds }[] = []
    for (let from = 0; from < drawn.length && loaded.length < wanted; from += LOADED_AT_ONCE) {
      const some = drawn.slice(from, from + LOADED_AT_ONCE).filter(({ index }) => !this.#bad.has(index))
      const found = await Promise.all(
        some.map(async ({ index, seed }) => ({ seed, feeds: await this.#loadGood(index) })),
      )
      loaded.push(...found.flatMap(({ seed, feeds: own }) => (own === undefined ? [] : [{ seed, feeds: own }])))
    }
    const full = Math.floor(Math.min(wanted, loaded.length) / batch)
    return Array.from({ length: full }, (_, i) => {
      const part = loaded.slice(i * batch, (i + 1) * batch)
      return {
        seed: part[0]!.seed,
        feeds: stackSamples(
          part.map((one) => one.feeds),
          batch,
        ),
      }
    }).filter((sample) => sameDims(sample.feeds, feeds))
  }

  /** undefined for a sample that is bad and may be. */
  async #loadGood(index: number): Promise<Feeds | undefined> {
    return this.#load(index).catch((error: unknown) => {
      if (this.#options.onBadSample === 'skip' && error instanceof SquireError && error.code === 'DATA')
        return undefined
      throw error
    })
  }

  async #firstGoodSample(): Promise<Feeds> {
    const { selected, onBadSample } = this.#options
    let failure: unknown
    for (const index of selected) {
      try {
        return await this.#load(index)
      } catch (error) {
        if (onBadSample === 'error' || !(error instanceof SquireError)) throw error
        failure = error
      }
    }
    throw failure
  }

  async #load(index: number): Promise<Feeds> {
    const { pool, source, inputs } = this.#options
    return (await pool.load({ kind: 'load', source, inputs, sample: this.#sample(index) })).feeds
  }

  #sample(index: number) {
    return { index, id: this.#options.dataset.id(index) }
  }
}
