// Runs a dataset object: workers load, preprocess and infer their own samples; the engine folds what they return.

import type { Metric } from '../../dataset/types.js'
import { MIN_EVALUATED, minObserved } from '../../engine/fold/chunkSize.js'
import { type Chunk, chunksOf, chunksOfShare, type Segment, type Share, segmentsOf } from '../../engine/fold/chunks.js'
import { fold } from '../../engine/fold/fold.js'
import { emptyFold, type FoldState, stateUpTo } from '../../engine/fold/foldState.js'
import { type FoldPart, finishedFold, partOf } from '../../engine/fold/part.js'
import type { Comparison, HeldSample, ModelFile, Observation, SkippedSample } from '../../engine/protocol.js'
import { inText, SquireError } from '../../errors.js'
import { MOST_HELD } from '../hold.js'
import type { Feeds, NamedModel, Observed, ObservedModel, Runner } from '../runner.js'
import { calibrationOf, statisticsOf } from './calibration.js'
import { type Compared, compareSamples } from './comparing.js'
import type { Calibration, CalibrationPart, DatasetRunnerOptions, FoldKey, SharePlan } from './datasetRun.js'
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

export class DatasetRunner implements Runner {
  readonly iterations: readonly number[]
  readonly #options: DatasetRunnerOptions
  readonly #metric: Metric | undefined
  readonly #samples: SelectedSamples

  constructor(options: DatasetRunnerOptions) {
    this.#options = options
    this.iterations = options.calibrated.map(({ iteration }) => iteration)
    this.#metric = options.dataset.metric
    this.#samples = new SelectedSamples(options)
  }

  get skipped(): readonly SkippedSample[] {
    return this.#samples.skipped
  }

  close(): Promise<void> {
    return this.#options.dataset.close()
  }

  digest(): Promise<string> {
    return this.#samples.digest()
  }

  async firstFeeds(): Promise<Feeds> {
    return (await this.#samples.firstForward()).feeds
  }

  lastFeeds(): Promise<Feeds> {
    return this.#samples.lastFeeds(this.#options.calibrated.at(-1)!.samples)
  }

  async observe(model: ObservedModel): Promise<readonly Observed[]> {
    const run = await this.#calibration(model.observation.inputDims)
    const key = { ...run.key, ...passes(model, run.batch), model: model.key, data: await this.digest() }
    const chunks = chunksOf(run.segments, Math.max(run.batch, model.observation.stacked), minObserved(model))
    return this.#observed(run, await this.#calibrate(model, run, key, chunks, false))
  }

  /** What a share of observe() comes to, which one of several machines does. */
  async planShare(model: ObservedModel, share: Share): Promise<SharePlan> {
    const run = await this.#calibration(model.observation.inputDims)
    const all = chunksOf(run.segments, Math.max(run.batch, model.observation.stacked), minObserved(model))
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
      contents: await this.#samples.contentsOf(chunks),
    }
  }

  /** What observe() gives, from its shares put together. `part` must be whole, and of this very run: see `calibration`. */
  restore(run: Calibration, part: CalibrationPart): readonly Observed[] {
    const state = finishedFold(part, this.#metric)
    this.#samples.assumeContents(part.contents)
    this.#samples.skip(state.skipped, true)
    return this.#observed(run, state)
  }

  async calibration(): Promise<Calibration> {
    const { feeds } = await this.#samples.firstForward()
    return this.#calibration(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims])))
  }

  async #calibration(inputDims: Observation['inputDims']): Promise<Calibration> {
    const { batch } = await this.#samples.firstForward()
    return calibrationOf({ ...this.#options, hasMetric: this.#metric !== undefined }, batch, inputDims)
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
    const work = { title: 'calibrating', models: [model.observed], observed: model, segments, chunks, batch, state }
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

  #observed(run: Calibration, state: FoldState): readonly Observed[] {
    this.#refuseNothing(run.segments.at(-1)?.to ?? 0)
    return this.#options.calibrated.map(({ iteration }, i) => ({
      iteration,
      ...statisticsOf(run, state, run.counts[i]!),
      floatMetric: this.#value('float model', state, run.segments, run.measured[i]),
    }))
  }

  async skipObservation(): Promise<void> {}

  async measure(models: readonly NamedModel[], iteration: number): Promise<readonly (number | undefined)[]> {
    if (this.#metric === undefined) return models.map(() => undefined)
    const { segments: one, count, chunks, batch } = await this.#measurement(iteration)
    // One segment for each model: every chunk of the first is done for all of them.
    const segments = models.flatMap(() => one)
    const state = emptyFold(segments, [])
    const title = `evaluating ${models.map(({ name }) => name).join(', ')}`
    const files = models.map(({ file }) => file)
    await this.#fold({ title, models: files, segments, chunks, batch, state, keepStates: false })
    this.#refuseNothing(count)
    return models.map(({ name }, i) => {
      const own = { ...state, segments: state.segments.slice(i, i + 1) }
      return this.#value(`evaluating ${name}`, own, one, count)
    })
  }

  async workload(quantizations: number, compared: number, heldPasses: number): Promise<number> {
    const measured =
      this.#metric === undefined ? [] : this.iterations.map((iteration) => this.#measuredCount(iteration))
    const observed = Math.max(...this.#options.calibrated.map(({ samples }) => samples), ...measured)
    const comparisons =
      Math.min(compared, this.#measuredCount(this.iterations.at(-1)!)) * (measured.length > 0 ? 1 : quantizations)
    const held = this.#options.calibrated.map(({ samples }) => heldPasses * Math.min(samples, MOST_HELD))
    return observed + quantizations * [...measured, ...held].reduce((sum, count) => sum + count, 0) + comparisons
  }

  async compare(comparison: Comparison, iteration: number, most: number, title: string): Promise<Compared> {
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const { batch } = await this.#samples.firstForward()
    const available = this.#measuredCount(iteration)
    const count = Math.min(available, most)
    const { order } = this.#samples
    const progress = reporter.progress(title, count, 'samples')
    return compareSamples({
      ...{ pool, comparison, source, onBadSample, stop, count },
      // Evenly spread: a dataset is often sorted by class.
      samples: { length: count, at: (i) => order.at(Math.floor((i * available) / count)) },
      samplesPerForward: batch,
      excluded: this.#samples.bad,
      onProgress: (done) => progress.update(done),
    }).finally(() => progress.finish())
  }

  hold(iteration: number): Promise<readonly HeldSample[]> {
    const { samples } = this.#options.calibrated.find((entry) => entry.iteration === iteration)!
    return this.#samples.hold(samples)
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
    const shared = chunksOfShare(chunks, share)
    await this.#fold({ title, models: [model], segments, chunks: shared, batch, state, keepStates: true })
    return partOf(name, segments, chunks, batch, state)
  }

  /** What measure() gives, from its shares put together. */
  restoreMeasure(part: FoldPart, iteration: number): number | undefined {
    const state = finishedFold(part, this.#metric)
    this.#samples.skip(state.skipped, false)
    return this.#value('quantized model', state, part.segments, this.#measuredCount(iteration))
  }

  async #measurement(iteration: number) {
    const count = this.#measuredCount(iteration)
    const { batch } = await this.#samples.firstForward()
    const segments = segmentsOf([], [count])
    return { segments, count, batch, chunks: chunksOf(segments, batch, MIN_EVALUATED) }
  }

  #measuredCount(iteration: number): number {
    const { evaluated, calibrated } = this.#options
    return evaluated ?? calibrated.find((entry) => entry.iteration === iteration)!.samples
  }

  async #fold(work: Work): Promise<void> {
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
        samples: this.#samples.order,
        samplesPerForward: batch,
        segments,
        chunks,
        keepStates,
        metric: this.#metric,
        measuredDims: observed?.observation.inputDims,
        excluded: observed === undefined ? this.#samples.badForFloat : new Set(),
        onBadSample,
        stop,
        onProgress: (done) => progress.update(done * models.length),
        ...(onChunk === undefined ? {} : { onChunk }),
      },
      state,
    ).finally(() => progress.finish())
    this.#samples.skip(state.skipped, observed !== undefined)
  }

  #refuseNothing(total: number): void {
    const { skipped } = this.#samples
    if (skipped.length < total || total === 0) return
    throw new SquireError(
      'DATA',
      `all ${total} samples were bad; the first: ${skipped[0]?.reason}. Nothing is left to calibrate on.`,
    )
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
      `metric "${this.#metric.name}" has the value ${inText(value)} over ${count} samples; expected a finite number.`,
    )
  }
}

/** How many samples a forward pass takes decides where chunks begin. */
function passes({ observation }: ObservedModel, batch: number): FoldKey {
  return { 'forward passes': `of ${observation.stacked * batch} samples` }
}

const nothingObserved = { tensors: [], dims: [], blocked: {}, inputDims: {}, stacked: 1, outputs: {} }
