// Runs a dataset object: workers load, preprocess and infer their own samples; the engine folds what they return.

import { samplesPerForward, stackSamples } from '../dataset/batch.js'
import type { OpenedDataset } from '../dataset/opened.js'
import type { DatasetSource } from '../dataset/source.js'
import { elementCount } from '../dataset/tensors/elements.js'
import type { Metric, ModelInput } from '../dataset/types.js'
import { SquireError } from '../errors.js'
import type { Reporter } from '../report/types.js'
import { chunksOf, type Segment, segmentsOf } from './chunks.js'
import { emptyFold, type FoldState, fold, histogramsUpTo, type SampleOrder, type StopFlag, stateUpTo } from './fold.js'
import type { Pool } from './pool.js'
import type { ModelFile, SkippedSample } from './protocol.js'
import type { Feeds, Observed, ObservedModel, Runner } from './runner.js'

/** Keeps an unfinished fold across processes. */
export interface FoldStore {
  /** The saved state of this very work, if there is one. */
  load(key: FoldKey): Promise<FoldState | undefined>
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
  readonly digest: string
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

export class DatasetRunner implements Runner {
  readonly digest: string
  readonly iterations: readonly number[]
  readonly #options: DatasetRunnerOptions
  readonly #metric: Metric | undefined
  readonly #skipped = new Map<number, SkippedSample>()
  #first: Promise<{ readonly feeds: Feeds; readonly batch: number }> | undefined

  constructor(options: DatasetRunnerOptions) {
    this.#options = options
    this.digest = options.digest
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

  async firstFeeds(): Promise<Feeds> {
    return (await this.#firstForward()).feeds
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
    const { calibrated, evaluated, store, onBadSample } = this.#options
    const { batch } = await this.#firstForward()
    const counts = calibrated.map(({ samples }) => this.#wholeBatches(samples, batch))
    const measured = this.#metric === undefined ? [] : calibrated.map(({ samples }) => evaluated ?? samples)
    const segments = segmentsOf(counts, measured)
    const key: FoldKey = {
      model: model.key,
      'way with bad samples': onBadSample,
      calibration: `on ${counts.join(' and ')} samples`,
      evaluation: measured.length === 0 ? 'on none' : `on ${measured.join(' and ')} samples`,
      'input dims': JSON.stringify(model.observation.inputDims),
      'forward passes': `of ${model.observation.stacked * batch} samples`,
      data: this.digest,
    }
    const state = (await store?.load(key)) ?? emptyFold(segments)
    try {
      await this.#fold('calibrating', model.observed, model, segments, batch, state, async () =>
        store?.saved(key, state),
      )
    } catch (error) {
      if (error instanceof SquireError && error.code === 'INTERRUPTED') await store?.flush(key, state)
      throw error
    }
    // From here on the statistics are complete: a run interrupted later need not calibrate again.
    await store?.flush(key, state)
    return calibrated.map(({ iteration }, i) => ({
      iteration,
      samples: segments.reduce((sum, { to }, s) => (to <= counts[i]! ? sum + state.segments[s]!.observed : sum), 0),
      histograms: histogramsUpTo(state, segments, counts[i]!),
      floatMetric: this.#value(state, segments, measured[i]),
    }))
  }

  async measure(model: ModelFile, iteration: number, title: string): Promise<number | undefined> {
    if (this.#metric === undefined) return undefined
    const calibrated = this.#options.calibrated.find((entry) => entry.iteration === iteration)
    const count = this.#options.evaluated ?? calibrated!.samples
    const segments = segmentsOf([], [count])
    const state = emptyFold(segments)
    const { batch } = await this.#firstForward()
    await this.#fold(title, model, undefined, segments, batch, state)
    return this.#value(state, segments, count)
  }

  async #fold(
    title: string,
    plainModel: ModelFile,
    observed: ObservedModel | undefined,
    segments: readonly Segment[],
    batch: number,
    state: FoldState,
    onChunk?: () => Promise<void>,
  ): Promise<void> {
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const samples = this.#order()
    const total = segments.at(-1)?.to ?? 0
    const progress = reporter.progress(title, total, 'samples')
    await fold(
      {
        pool,
        observedModel: observed?.observed ?? plainModel,
        plainModel: observed?.plain ?? plainModel,
        observation: observed?.observation ?? nothingObserved,
        source,
        samples,
        samplesPerForward: batch,
        segments,
        chunks: chunksOf(
          segments,
          Math.max(batch, observed?.observation.stacked ?? 1),
          observed === undefined ? EVALUATED_A_CHUNK : enoughFor(observed),
        ),
        metric: this.#metric,
        measuredDims: observed?.observation.inputDims,
        excluded: new Set(observed === undefined ? this.#skipped.keys() : []),
        onBadSample,
        stop,
        onProgress: (done) => progress.update(done),
        ...(onChunk === undefined ? {} : { onChunk }),
      },
      state,
    ).finally(() => progress.finish())
    for (const sample of state.skipped) this.#skipped.set(sample.index, sample)
    if (this.#skipped.size >= total && total > 0) {
      throw new SquireError(
        'DATA',
        `all ${total} samples were bad; the first: ${this.skipped[0]?.reason}. Nothing is left to calibrate on.`,
      )
    }
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

  #value(state: FoldState, segments: readonly Segment[], count: number | undefined): number | undefined {
    if (this.#metric === undefined || count === undefined) return undefined
    const value = this.#metric.value(stateUpTo(state, segments, count, this.#metric))
    if (typeof value === 'number' && Number.isFinite(value)) return value
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

const nothingObserved = { tensors: [], dims: [], blocked: {}, inputDims: {}, stacked: 1, outputs: {} }

/** An answer without statistics costs next to nothing. */
const EVALUATED_A_CHUNK = 16

/** The values of a tensor that cost about a hundred times what handing over its histogram does. */
const VALUES_A_TENSOR = 2 ** 21

function enoughFor({ observation: { tensors, dims } }: ObservedModel): number {
  const values = dims.reduce((sum, one) => sum + elementCount(one), 0)
  return (VALUES_A_TENSOR * tensors.length) / Math.max(1, values)
}
