// Runs a dataset object: workers load, preprocess and infer their own samples; the engine folds what they return.

import type { Comparison } from '../../engine/comparison.js'
import { emptyFold } from '../../engine/fold/foldState.js'
import type { HeldSample, SkippedSample } from '../../engine/protocol.js'
import { MOST_HELD } from '../hold.js'
import type {
  CalibratedSamples,
  CalibrationResult,
  ComparedSamples,
  Feeds,
  NamedModel,
  ObservedModel,
  Runner,
} from '../runner.js'
import { type Compared, compareSamples } from './comparing.js'
import type { DatasetRunnerOptions } from './datasetRun.js'
import { DatasetShares } from './datasetShares.js'
import { SampleFolds } from './sampleFolds.js'

export class DatasetRunner implements Runner {
  readonly iterations: readonly number[]
  readonly #options: DatasetRunnerOptions
  readonly #folds: SampleFolds
  /** What one of several machines does of a run. */
  readonly shares: DatasetShares

  constructor(options: DatasetRunnerOptions) {
    this.#options = options
    this.iterations = options.calibrated.map(({ iteration }) => iteration)
    this.#folds = new SampleFolds(options)
    this.shares = new DatasetShares(this.#folds)
  }

  get skipped(): readonly SkippedSample[] {
    return this.#folds.samples.skipped
  }

  get parallel(): number {
    return this.#options.pool.threads
  }

  close(): Promise<void> {
    return this.#options.dataset.close()
  }

  digest(): Promise<string> {
    return this.#folds.samples.digest()
  }

  async calibratedSamples(iteration: number): Promise<CalibratedSamples> {
    const { batch } = await this.#folds.samples.firstForward()
    return { samples: this.#folds.calibratedCount(iteration), batch, forwards: 1 }
  }

  async firstFeeds(): Promise<Feeds> {
    return (await this.#folds.samples.firstForward()).feeds
  }

  lastFeeds(): Promise<Feeds> {
    return this.#folds.samples.lastFeeds(this.#options.calibrated.at(-1)!.samples)
  }

  async observe(model: ObservedModel): Promise<readonly CalibrationResult[]> {
    const { run, key, chunks } = await this.#folds.plan(model)
    const work = { ...key, data: await this.digest() }
    return this.#folds.observed(run, await this.#folds.calibrate(model, run, work, chunks, false))
  }

  async skipObservation(): Promise<void> {}

  async measure(models: readonly NamedModel[], iteration: number): Promise<readonly (number | undefined)[]> {
    if (this.#folds.metric === undefined) return models.map(() => undefined)
    const { segments: one, count, chunks, batch } = await this.#folds.measurement(iteration)
    // One segment for each model: every chunk of the first is done for all of them.
    const segments = models.flatMap(() => one)
    const state = emptyFold(segments, [])
    const title = `evaluating ${models.map(({ name }) => name).join(', ')}`
    const files = models.map(({ file }) => file)
    await this.#folds.fold({ title, models: files, segments, chunks, batch, state, keepStates: false })
    this.#folds.refuseNothing(count)
    return models.map(({ name }, i) => {
      const own = { ...state, segments: state.segments.slice(i, i + 1) }
      return this.#folds.value(`evaluating ${name}`, own, one, count)
    })
  }

  async workload(quantizations: number, compared: number, heldPasses: number): Promise<number> {
    const measured =
      this.#folds.metric === undefined ? [] : this.iterations.map((iteration) => this.#folds.measuredCount(iteration))
    const observed = Math.max(...this.#options.calibrated.map(({ samples }) => samples), ...measured)
    const { batch } = await this.#folds.samples.firstForward()
    const available = this.#folds.measuredCount(this.iterations.at(-1)!)
    const comparisons = Math.min(available, wholeBatches(compared, batch)) * (measured.length > 0 ? 1 : quantizations)
    const held = this.#options.calibrated.map(({ samples }) => heldPasses * Math.min(samples, MOST_HELD))
    return observed + quantizations * [...measured, ...held].reduce((sum, count) => sum + count, 0) + comparisons
  }

  async compare(
    comparisons: readonly Comparison[],
    { iteration, of, most }: ComparedSamples,
    title: string,
  ): Promise<Compared> {
    const { pool, source, onBadSample, stop, reporter } = this.#options
    const { samples } = this.#folds
    const { batch } = await samples.firstForward()
    const all = of === 'calibration' ? this.#folds.calibratedCount(iteration) : this.#folds.measuredCount(iteration)
    // A batch of a fixed size is compared whole or not at all: it is made of good samples.
    const order = batch > 1 ? samples.orderOf(samples.goodOf(all)) : samples.order
    const available = batch > 1 ? order.length : all
    const count = Math.min(available, wholeBatches(most, batch))
    const progress = reporter.progress(title, count, 'samples')
    return compareSamples({
      ...{ pool, comparisons, source, onBadSample, stop, count },
      // Evenly spread: a dataset is often sorted by class.
      samples: { length: count, at: (i) => order.at(Math.floor((i * available) / count)) },
      samplesPerForward: batch,
      excluded: samples.bad,
      onProgress: (done) => progress.update(done),
    }).finally(() => progress.finish())
  }

  hold(iteration: number): Promise<readonly HeldSample[]> {
    return this.#folds.samples.hold(this.#folds.calibratedCount(iteration))
  }
}

/** The samples of as many forward passes as at least `samples` take: those of a part of one are not compared. */
function wholeBatches(samples: number, batch: number): number {
  return Math.ceil(samples / batch) * batch
}
