// Shares of a run over a dataset: what one of several machines calibrates and measures, and the whole from all of them.

import { chunksOfShare, type Share } from '../../engine/fold/chunks.js'
import { emptyFold } from '../../engine/fold/foldState.js'
import { type FoldPart, finishedFold, partOf } from '../../engine/fold/part.js'
import type { ModelFile } from '../../engine/protocol.js'
import type { CalibrationResult, ObservedModel } from '../runner.js'
import type { Calibration, CalibrationPart, SharePlan } from './datasetRun.js'
import type { SampleFolds } from './sampleFolds.js'

export class DatasetShares {
  readonly #folds: SampleFolds

  constructor(folds: SampleFolds) {
    this.#folds = folds
  }

  /** What a share of observe() comes to, which one of several machines does. */
  async planShare(model: ObservedModel, share: Share): Promise<SharePlan> {
    const { run, key, chunks: all } = await this.#folds.plan(model)
    return { run, key, share, all, chunks: chunksOfShare(all, share) }
  }

  /** The share's statistics and metric states. */
  async observeShare(model: ObservedModel, plan: SharePlan): Promise<CalibrationPart> {
    const { run, key, share, all, chunks } = plan
    const work = { ...key, share: `${share.part} of ${share.of}` }
    const state = await this.#folds.calibrate(model, run, work, chunks, true)
    return {
      ...partOf('calibration', run.segments, all, run.batch, state),
      key,
      contents: await this.#folds.samples.contentsOf(chunks),
    }
  }

  /** What observe() gives, from its shares put together. `part` must be whole, and of this very run: see `calibration`. */
  restore(run: Calibration, part: CalibrationPart): readonly CalibrationResult[] {
    const state = finishedFold(part, this.#folds.metric)
    this.#folds.samples.assumeContents(part.contents)
    this.#folds.samples.skip(state.skipped, true)
    return this.#folds.observed(run, state)
  }

  /** How the whole run calibrates. */
  async calibration(): Promise<Calibration> {
    const { feeds } = await this.#folds.samples.firstForward()
    return this.#folds.calibration(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims])))
  }

  /** What the shares of measure() come to, one `-i` value after the other. */
  async planMeasures(iterations: readonly number[], share: Share) {
    const plans = await Promise.all(iterations.map((iteration) => this.#folds.measurement(iteration)))
    const chunks = plans.flatMap((plan, segment) =>
      chunksOfShare(plan.chunks, share).map((chunk) => ({ ...chunk, segment })),
    )
    return { chunks, all: Math.max(0, ...plans.map((plan) => plan.chunks.length)) }
  }

  /** The share of measure() that one of several machines does. `name` says which model it is. */
  async measureShare(model: ModelFile, iteration: number, name: string, share: Share): Promise<FoldPart> {
    const title = `evaluating ${name}`
    const { segments, chunks, batch } = await this.#folds.measurement(iteration)
    const state = emptyFold(segments, [])
    const shared = chunksOfShare(chunks, share)
    await this.#folds.fold({ title, models: [model], segments, chunks: shared, batch, state, keepStates: true })
    return partOf(name, segments, chunks, batch, state)
  }

  /** What measure() gives, from its shares put together. */
  restoreMeasure(part: FoldPart, iteration: number): number | undefined {
    const state = finishedFold(part, this.#folds.metric)
    this.#folds.samples.skip(state.skipped, false)
    return this.#folds.value('quantized model', state, part.segments, this.#folds.measuredCount(iteration))
  }
}
