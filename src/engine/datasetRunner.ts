// Runs a dataset object: workers load, preprocess and infer their own samples; the engine folds what they return.

import { samplesPerForward, stackSamples } from '../dataset/batch.js'
import { dataDigest } from '../dataset/identity.js'
import type { OpenedDataset } from '../dataset/opened.js'
import type { DatasetSource } from '../dataset/source.js'
import { elementCount } from '../dataset/tensors/elements.js'
import type { Metric, ModelInput } from '../dataset/types.js'
import { SquireError } from '../errors.js'
import type { Reporter } from '../report/types.js'
import { type Chunk, chunksOf, chunksOfShare, type Segment, type Share, segmentsOf } from './chunks.js'
import { type Compared, compareSamples } from './comparing.js'
import { fold, type SampleOrder, type StopFlag } from './fold.js'
import { emptyFold, type FoldState, histogramsUpTo, stateUpTo } from './foldState.js'
import { type FoldPart, finishedFold, partOf } from './part.js'
import type { Pool } from './pool.js'
import type { Comparison, ModelFile, Observation, SkippedSample } from './protocol.js'
import type { Feeds, Observed, ObservedModel, Runner } from './runner.js'

/** Keeps an unfinished fold across processes. */
export interface FoldStore {
  /** The saved state of this very work, if there is one; `empty` is the state to start from else. */
  load(key: FoldKey, empty: FoldState): Promise<FoldState | undefined>
  /** Called after every chunk; decides itself when to write. */
  saved(key: FoldKey, state: FoldState): Promise<void>
  /** Writes now. */
  flush(key: FoldKey, state: FoldState): Promise<void>
}

/** All that a fold depends on, in words: "model" -> its hash. */
export type FoldKey = Readonly<Record<string, string>>

export interface DatasetRunnerOptions {
  readonly pool: Pool
  readonly source: DatasetSource
  readonly dataset: OpenedDataset
  readonly inputs: readonly ModelInput[]
  /** Dataset indices, first those to calibrate on (see dataset/select.ts). */
  readonly selected: Uint32Array
  /** What is selected, without its contents (see dataset/identity.ts). */
  readonly listing: string
  /** Samples to calibrate on, for each value of `-i`, ascending. */
  readonly calibrated: readonly { readonly iteration: number; readonly samples: number }[]
  /** Samples to evaluate on; undefined: as many as calibrated. */
  readonly evaluated: number | undefined
  readonly onBadSample: 'error' | 'skip'
  /** undefined: nothing is kept. */
  readonly store: FoldStore | undefined
  readonly reporter: Reporter
  readonly stop: StopFlag
}

/** How a run calibrates. */
export interface Calibration {
  /** Samples of a forward pass that the model itself asks for. */
  readonly batch: number
  /** For each value of `-i`: samples in its statistics, and in its metric (none without a metric). */
  readonly counts: readonly number[]
  readonly measured: readonly number[]
  readonly segments: readonly Segment[]
  /** What the statistics depend on besides the model and how it runs. */
  readonly key: FoldKey
}

/** The share of a calibration that one of several machines does. */
export interface SharePlan {
  readonly run: Calibration
  /** What its part belongs to. */
  readonly key: FoldKey
  readonly share: Share
  /** The chunks of the run, and of the share. */
  readonly all: readonly Chunk[]
  readonly chunks: readonly Chunk[]
}

/** The statistics of some of a run's chunks, and what they belong to. */
export interface CalibrationPart extends FoldPart {
  readonly key: FoldKey
  /** The sum of what is in its samples (see dataset/identity.ts). */
  readonly contents: bigint
}

/** What one fold runs. */
interface Work {
  readonly title: string
  readonly model: ModelFile
  /** undefined: the model is only measured. */
  readonly observed?: ObservedModel
  readonly segments: readonly Segment[]
  readonly chunks: readonly Chunk[]
  readonly batch: number
  readonly state: FoldState
  readonly keepStates: boolean
  readonly onChunk?: () => Promise<void>
}

export class DatasetRunner implements Runner {
  readonly iterations: readonly number[]
  readonly #options: DatasetRunnerOptions
  readonly #metric: Metric | undefined
  readonly #skipped = new Map<number, SkippedSample>()
  /** Those of them that evaluations leave out. */
  readonly #excluded = new Set<number>()
  #contents: Promise<bigint> | undefined
  #first: Promise<{ readonly feeds: Feeds; readonly batch: number }> | undefined

  constructor(options: DatasetRunnerOptions) {
    this.#options = options
    this.iterations = options.calibrated.map(({ iteration }) => iteration)
    this.#metric = options.dataset.metric
  }

  /** In canonical order. */
  get skipped(): readonly SkippedSample[] {
    const { selected } = this.#options
    return [...selected].flatMap((index) => this.#skipped.get(index) ?? [])
  }

  close(): Promise<void> {
    return this.#options.dataset.close()
  }

  async digest(): Promise<string> {
    const { dataset, selected, listing } = this.#options
    this.#contents ??= dataset.contents(selected)
    return dataDigest(listing, await this.#contents)
  }

  async firstFeeds(): Promise<Feeds> {
    return (await this.#firstForward()).feeds
  }

  async lastFeeds(): Promise<Feeds> {
    const { selected, calibrated, pool, source, inputs, dataset } = this.#options
    const { batch, feeds } = await this.#firstForward()
    const count = calibrated.at(-1)!.samples
    const good = selected.subarray(0, count).filter((index) => !this.#skipped.has(index))
    const indices = [...good.subarray(-batch)]
    if (indices.length === 0) return feeds
    const load = async (index: number) =>
      (await pool.load({ kind: 'load', source, inputs, sample: { index, id: dataset.id(index) } })).feeds
    return stackSamples(await Promise.all(indices.map(load)), batch)
  }

  /** The inputs of the first forward pass, and how many samples it takes. */
  #firstForward() {
    this.#first ??= this.#firstGoodSample().then((feeds) => {
      const batch = samplesPerForward(feeds, this.#options.inputs)
      return { feeds: stackSamples([feeds], batch), batch }
    })
    return this.#first
  }

  async #firstGoodSample(): Promise<Feeds> {
    const { pool, source, inputs, dataset, selected, onBadSample } = this.#options
    let failure: unknown
    for (const index of selected) {
      try {
        return (await pool.load({ kind: 'load', source, inputs, sample: { index, id: dataset.id(index) } })).feeds
      } catch (error) {
        if (onBadSample === 'error' || !(error instanceof SquireError)) throw error
        failure = error
      }
    }
    throw failure
  }

  async observe(model: ObservedModel): Promise<readonly Observed[]> {
    const run = await this.#calibration(model.observation.inputDims)
    const key = { ...run.key, ...passes(model, run.batch), model: model.key, data: await this.digest() }
    const chunks = chunksOf(run.segments, Math.max(run.batch, model.observation.stacked), enoughFor(model))
    return this.#observed(run, await this.#calibrate(model, run, key, chunks, false))
  }

  /** What a share of observe() comes to, which one of several machines does. */
  async planShare(model: ObservedModel, share: Share): Promise<SharePlan> {
    const run = await this.#calibration(model.observation.inputDims)
    const all = chunksOf(run.segments, Math.max(run.batch, model.observation.stacked), enoughFor(model))
    const key = { ...run.key, ...passes(model, run.batch), model: model.key }
    return { run, key, share, all, chunks: chunksOfShare(all, share) }
  }

  async observeShare(model: ObservedModel, plan: SharePlan): Promise<CalibrationPart> {
    const { run, key, share, all, chunks } = plan
    const work = { ...key, share: `${share.part} of ${share.of}` }
    const state = await this.#calibrate(model, run, work, chunks, true)
    return {
      ...partOf('calibration', run.segments, all, run.batch, state),
      key,
      contents: await this.#options.dataset.contents(this.#indicesOf(chunks)),
    }
  }

  /** What observe() gives, from its shares put together. `part` must be whole, and of this very run: see `calibration`. */
  restore(run: Calibration, part: CalibrationPart): readonly Observed[] {
    const state = finishedFold(part, this.#metric)
    this.#contents = Promise.resolve(part.contents)
    this.#skip(state.skipped, true)
    return this.#observed(run, state)
  }

  async calibration(): Promise<Calibration> {
    const { feeds } = await this.#firstForward()
    return this.#calibration(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims])))
  }

  async #calibration(inputDims: Observation['inputDims']): Promise<Calibration> {
    const { calibrated, evaluated, onBadSample, listing } = this.#options
    const { batch } = await this.#firstForward()
    const counts = calibrated.map(({ samples }) => this.#wholeBatches(samples, batch))
    const measured = this.#metric === undefined ? [] : calibrated.map(({ samples }) => evaluated ?? samples)
    return {
      batch,
      counts,
      measured,
      segments: segmentsOf(counts, measured),
      key: {
        'way with bad samples': onBadSample,
        calibration: `on ${counts.join(' and ')} samples`,
        evaluation: measured.length === 0 ? 'on none' : `on ${measured.join(' and ')} samples`,
        'input dims': JSON.stringify(inputDims),
        data: listing,
      },
    }
  }

  /** Runs chunks; keeps what is done in the store. */
  async #calibrate(
    model: ObservedModel,
    { segments, batch }: Calibration,
    key: FoldKey,
    chunks: readonly Chunk[],
    keepStates: boolean,
  ): Promise<FoldState> {
    const { store } = this.#options
    const empty = emptyFold(segments, model.observation.tensors)
    const state = (await store?.load(key, empty)) ?? empty
    const onChunk = async () => store?.saved(key, state)
    const work = { title: 'calibrating', model: model.observed, observed: model, segments, chunks, batch, state }
    try {
      await this.#fold({ ...work, keepStates, onChunk })
    } catch (error) {
      if (error instanceof SquireError && error.code === 'INTERRUPTED') await store?.flush(key, state)
      throw error
    }
    // From here on the statistics are complete: a run interrupted later need not calibrate again.
    await store?.flush(key, state)
    return state
  }

  #observed({ segments, counts, measured }: Calibration, state: FoldState): readonly Observed[] {
    this.#refuseNothing(segments.at(-1)?.to ?? 0)
    return this.#options.calibrated.map(({ iteration }, i) => ({
      iteration,
      samples: segments.reduce((sum, { to }, s) => (to <= counts[i]! ? sum + state.segments[s]!.observed : sum), 0),
      histograms: histogramsUpTo(state, segments, counts[i]!),
      floatMetric: this.#value('float model', state, segments, measured[i]),
    }))
  }

  async skipObservation(): Promise<void> {}

  async measure(model: ModelFile, iteration: number, title: string): Promise<number | undefined> {
    if (this.#metric === undefined) return undefined
    const { segments, count, chunks, batch } = await this.#measurement(iteration)
    const state = emptyFold(segments, [])
    await this.#fold({ title, model, segments, chunks, batch, state, keepStates: false })
    this.#refuseNothing(count)
    return this.#value(title, state, segments, count)
  }

  async workload(quantizations: number, compared: number): Promise<number> {
    const measured =
      this.#metric === undefined ? [] : this.iterations.map((iteration) => this.#measuredCount(iteration))
    const observed = Math.max(...this.#options.calibrated.map(({ samples }) => samples), ...measured)
    const comparisons =
      Math.min(compared, this.#measuredCount(this.iterations.at(-1)!)) * (measured.length > 0 ? 1 : quantizations)
    return observed + quantizations * measured.reduce((sum, count) => sum + count, 0) + comparisons
  }

  async compare(comparison: Comparison, iteration: number, most: number, title: string): Promise<Compared> {
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const { batch } = await this.#firstForward()
    const available = this.#measuredCount(iteration)
    const count = Math.min(available, most)
    const order = this.#order()
    const progress = reporter.progress(title, count, 'samples')
    return compareSamples({
      ...{ pool, comparison, source, onBadSample, stop, count },
      // Evenly spread: a dataset is often sorted by class.
      samples: { length: count, at: (i) => order.at(Math.floor((i * available) / count)) },
      samplesPerForward: batch,
      excluded: new Set(this.#skipped.keys()),
      onProgress: (done) => progress.update(done),
    }).finally(() => progress.finish())
  }

  /** What the shares of measure() come to, one `-i` value after the other. */
  async planMeasures(iterations: readonly number[], share: Share) {
    const plans = await Promise.all(iterations.map((iteration) => this.#measurement(iteration)))
    const chunks = plans.flatMap((plan, segment) =>
      chunksOfShare(plan.chunks, share).map((chunk) => ({ ...chunk, segment })),
    )
    return { chunks, all: Math.max(0, ...plans.map((plan) => plan.chunks.length)) }
  }

  /** The share of measure() that one of several machines does. `name` says which model it is. */
  async measureShare(model: ModelFile, iteration: number, name: string, share: Share): Promise<FoldPart> {
    const title = `evaluating ${name}`
    const { segments, chunks, batch } = await this.#measurement(iteration)
    const state = emptyFold(segments, [])
    await this.#fold({ title, model, segments, chunks: chunksOfShare(chunks, share), batch, state, keepStates: true })
    return partOf(name, segments, chunks, batch, state)
  }

  /** What measure() gives, from its shares put together. */
  restoreMeasure(part: FoldPart, iteration: number): number | undefined {
    const state = finishedFold(part, this.#metric)
    this.#skip(state.skipped, false)
    return this.#value('quantized model', state, part.segments, this.#measuredCount(iteration))
  }

  async #measurement(iteration: number) {
    const count = this.#measuredCount(iteration)
    const { batch } = await this.#firstForward()
    const segments = segmentsOf([], [count])
    return { segments, count, batch, chunks: chunksOf(segments, batch, EVALUATED_A_CHUNK) }
  }

  #measuredCount(iteration: number): number {
    const { evaluated, calibrated } = this.#options
    return evaluated ?? calibrated.find((entry) => entry.iteration === iteration)!.samples
  }

  #indicesOf(chunks: readonly Chunk[]): Uint32Array {
    const { selected } = this.#options
    return Uint32Array.from(chunks.flatMap(({ from, to }) => [...selected.subarray(from, to)]))
  }

  async #fold(work: Work): Promise<void> {
    const { title, model, observed, segments, chunks, batch, state, keepStates, onChunk } = work
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const total = chunks.reduce((sum, { from, to }) => sum + to - from, 0)
    const progress = reporter.progress(title, total, 'samples')
    await fold(
      {
        pool,
        observedModel: model,
        plainModel: observed?.plain ?? model,
        observation: observed?.observation ?? nothingObserved,
        source,
        samples: this.#order(),
        samplesPerForward: batch,
        segments,
        chunks,
        keepStates,
        metric: this.#metric,
        measuredDims: observed?.observation.inputDims,
        excluded: observed === undefined ? this.#excluded : new Set(),
        onBadSample,
        stop,
        onProgress: (done) => progress.update(done),
        ...(onChunk === undefined ? {} : { onChunk }),
      },
      state,
    ).finally(() => progress.finish())
    this.#skip(state.skipped, observed !== undefined)
  }

  /** What the float model could not take, no integer model is asked to. */
  #skip(skipped: readonly SkippedSample[], exclude: boolean): void {
    for (const sample of skipped) {
      this.#skipped.set(sample.index, sample)
      if (exclude) this.#excluded.add(sample.index)
    }
  }

  #refuseNothing(total: number): void {
    if (this.#skipped.size < total || total === 0) return
    throw new SquireError(
      'DATA',
      `all ${total} samples were bad; the first: ${this.skipped[0]?.reason}. Nothing is left to calibrate on.`,
    )
  }

  #order(): SampleOrder {
    const { selected, dataset } = this.#options
    return {
      length: selected.length,
      at: (position) => {
        const index = selected[position]!
        return { index, id: dataset.id(index) }
      },
    }
  }

  #value(title: string, state: FoldState, segments: readonly Segment[], count: number | undefined): number | undefined {
    if (this.#metric === undefined || count === undefined) return undefined
    const reached = stateUpTo(state, segments, count, this.#metric)
    const value = this.#metric.value(reached)
    if (typeof value === 'number' && Number.isFinite(value)) {
      const details = this.#metric.details?.(reached)
      if (details !== undefined) this.#options.reporter.info(`${title}: ${details}`)
      return value
    }
    throw new SquireError(
      'USER_SCRIPT',
      `metric "${this.#metric.name}" has the value ${value} over ${count} samples; expected a finite number.`,
    )
  }

  /** A model with a fixed batch observes whole batches only: padding would enter the statistics. */
  #wholeBatches(samples: number, batch: number): number {
    const whole = samples - (samples % batch)
    if (whole === 0) {
      throw new SquireError(
        'DATA',
        `the model takes ${batch} samples at a time, but there are only ${samples} to calibrate on; give at least ${batch}.`,
      )
    }
    if (whole < samples) {
      this.#options.reporter.warn(`calibrating on ${whole} of ${samples} samples: the model takes ${batch} at a time`)
    }
    return whole
  }
}

/** How many samples a forward pass takes decides where chunks begin. */
function passes({ observation }: ObservedModel, batch: number): FoldKey {
  return { 'forward passes': `of ${observation.stacked * batch} samples` }
}

const nothingObserved = { tensors: [], dims: [], blocked: {}, inputDims: {}, stacked: 1, outputs: {} }

/** An answer without statistics costs next to nothing. */
const EVALUATED_A_CHUNK = 16

/** The values of a tensor that cost about a hundred times what handing over its histogram does. */
const VALUES_A_TENSOR = 2 ** 21

function enoughFor({ observation: { tensors, dims } }: ObservedModel): number {
  const values = dims.reduce((sum, one) => sum + elementCount(one), 0)
  return (VALUES_A_TENSOR * tensors.length) / Math.max(1, values)
}
