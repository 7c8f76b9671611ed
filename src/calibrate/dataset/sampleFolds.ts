// Folds over the samples of a dataset: what calibrating, measuring and their shares have in common.

import type { Metric } from '../../dataset/types.js'
import { MIN_EVALUATED, minObserved } from '../../engine/fold/chunkSize.js'
import { type Chunk, chunksOf, type Segment, segmentsOf } from '../../engine/fold/chunks.js'
import { fold } from '../../engine/fold/fold.js'
import { emptyFold, type FoldState, stateUpTo } from '../../engine/fold/foldState.js'
import type { ModelFile, Observation } from '../../engine/protocol.js'
import { inText, SquireError } from '../../errors.js'
import type { CalibrationResult, ObservedModel } from '../runner.js'
import { calibrationOf, statisticsOf } from './calibration.js'
import type { Calibration, DatasetRunnerOptions, FoldKey } from './datasetRun.js'
import { SelectedSamples } from './selectedSamples.js'

/** What one fold runs. */
interface Work {
  readonly title: string
  readonly models: readonly ModelFile[]
  /** undefined: the model is only measured. */
  readonly observed?: ObservedModel
  readonly segments: readonly Segment[]
  readonly chunks: readonly Chunk[]
  readonly batch: number
  readonly state: FoldState
  readonly keepStates: boolean
  readonly onChunk?: () => Promise<void>
}

export class SampleFolds {
  readonly metric: Metric | undefined
  readonly samples: SelectedSamples
  readonly #options: DatasetRunnerOptions

  constructor(options: DatasetRunnerOptions) {
    this.#options = options
    this.metric = options.dataset.metric
    this.samples = new SelectedSamples(options)
  }

  /** How a run calibrates on inputs of these dims. */
  async calibration(inputDims: Observation['inputDims']): Promise<Calibration> {
    const { batch } = await this.samples.firstForward()
    return calibrationOf({ ...this.#options, hasMetric: this.metric !== undefined }, batch, inputDims)
  }

  /** How a run calibrates on a model: its chunks, and what its statistics depend on besides what is in the samples. */
  async plan(model: ObservedModel) {
    const { observation } = model
    const run = await this.calibration(observation.inputDims)
    // How many samples a forward pass takes decides where chunks begin.
    const passes = { 'forward passes': `of ${observation.stacked * run.batch} samples` }
    const key: FoldKey = { ...run.key, ...passes, model: model.key }
    const chunks = chunksOf(run.segments, Math.max(run.batch, observation.stacked), minObserved(model))
    return { run, key, chunks }
  }

  /** Runs chunks; keeps what is done in the store. */
  async calibrate(
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
    const work = { title: 'calibrating', models: [model.observed], observed: model, segments, chunks, batch, state }
    try {
      await this.fold({ ...work, keepStates, onChunk })
    } catch (error) {
      if (error instanceof SquireError && error.code === 'INTERRUPTED') await store?.flush(key, state)
      throw error
    }
    // From here on the statistics are complete: a run interrupted later need not calibrate again.
    await store?.flush(key, state)
    return state
  }

  /** What a finished calibration found, for each value of `-i`. */
  observed(run: Calibration, state: FoldState): readonly CalibrationResult[] {
    this.refuseNothing(run.segments.at(-1)?.to ?? 0)
    return this.#options.calibrated.map(({ iteration }, i) => {
      const statistics = statisticsOf(run, state, run.counts[i]!)
      if (statistics.samples === 0) throw this.#nothingObserved(run.counts[i]!, run.batch)
      return {
        iteration,
        ...statistics,
        floatMetric: this.value('float model', state, run.segments, run.measured[i]),
      }
    })
  }

  #nothingObserved(count: number, batch: number): SquireError {
    const [first] = this.samples.skipped
    const batches = batch > 1 ? `The model takes ${batch} at a time, and no such batch was whole. ` : ''
    return new SquireError(
      'DATA',
      `none of the first ${count} samples could be calibrated on, since some were bad; the first: ${first?.reason}. ${batches}Remove the bad samples, or give more.`,
    )
  }

  /** What measuring a model comes to. */
  async measurement(iteration: number) {
    const count = this.measuredCount(iteration)
    const { batch } = await this.samples.firstForward()
    const segments = segmentsOf([], [count])
    return { segments, count, batch, chunks: chunksOf(segments, batch, MIN_EVALUATED) }
  }

  /** Samples that a model is measured on. */
  measuredCount(iteration: number): number {
    return this.#options.evaluated ?? this.calibratedCount(iteration)
  }

  calibratedCount(iteration: number): number {
    return this.#options.calibrated.find((entry) => entry.iteration === iteration)!.samples
  }

  async fold(work: Work): Promise<void> {
    const { title, models, observed, segments, chunks, batch, state, keepStates, onChunk } = work
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const total = chunks.reduce((sum, { from, to }) => sum + to - from, 0)
    const progress = reporter.progress(title, total * models.length, 'samples')
    await fold(
      {
        pool,
        observedModel: models[0]!,
        plainModels: observed === undefined ? models : [observed.plain],
        observation: observed?.observation ?? nothingObserved,
        source,
        samples: this.samples.order,
        samplesPerForward: batch,
        segments,
        chunks,
        keepStates,
        metric: this.metric,
        measuredDims: observed?.observation.inputDims,
        excluded: observed === undefined ? this.samples.badForFloat : new Set(),
        onBadSample,
        stop,
        onProgress: (done) => progress.update(done * models.length),
        ...(onChunk === undefined ? {} : { onChunk }),
      },
      state,
    ).finally(() => progress.finish())
    this.samples.skip(state.skipped, observed !== undefined)
  }

  /** @throws SquireError DATA where every sample was bad */
  refuseNothing(total: number): void {
    const { skipped } = this.samples
    if (skipped.length < total || total === 0) return
    throw new SquireError(
      'DATA',
      `all ${total} samples were bad; the first: ${skipped[0]?.reason}. Nothing is left to calibrate on.`,
    )
  }

  /** The metric's value over the first `count` samples. */
  value(title: string, state: FoldState, segments: readonly Segment[], count: number | undefined): number | undefined {
    if (this.metric === undefined || count === undefined) return undefined
    const reached = stateUpTo(state, segments, count, this.metric)
    const value = this.metric.value(reached)
    if (typeof value === 'number' && Number.isFinite(value)) {
      const details = this.metric.details?.(reached)
      if (details !== undefined) this.#options.reporter.info(`${title}: ${details}`)
      return value
    }
    throw new SquireError(
      'USER_SCRIPT',
      `metric "${this.metric.name}" has the value ${inText(value)} over ${count} samples; expected a finite number.`,
    )
  }
}

const nothingObserved = {
  tensors: [],
  dims: [],
  blocked: {},
  masked: [],
  inputDims: {},
  stacked: 1,
  stackAxes: {},
  outputs: {},
}
