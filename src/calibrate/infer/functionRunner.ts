// The runner of an infer function, Knight's way: the user's code owns the loop and calls executor.forward. Each such call is one task of the pool;
// they may overlap, and a histogram does not depend on the order in which they end.

import { mergeTensors } from '../../difference/tensors.js'
import type { Comparison } from '../../engine/comparison.js'
import type { HeldSample, ModelFile, SkippedSample } from '../../engine/protocol.js'
import { createBuffer } from '../../histogram/buffer.js'
import type { Reporter } from '../../report/types.js'
import type { Compared } from '../dataset/comparing.js'
import { HeldFeeds, heldSample, MOST_HELD } from '../hold.js'
import type {
  CalibratedSamples,
  CalibrationResult,
  ComparedSamples,
  Feeds,
  NamedModel,
  ObservedModel,
  Runner,
} from '../runner.js'
import { byName, forwardOnce } from './forwardOnce.js'
import { FunctionCalls, type FunctionCallsOptions } from './functionCalls.js'
import type { ForwardOne, Sink } from './inferCall.js'
import { Prefixes } from './prefixes.js'

export interface FunctionRunnerOptions extends FunctionCallsOptions {
  readonly digest: string
  readonly evalIteration: number | undefined
  /** Whether hold() will be asked, so that what the function feeds is held while its statistics are observed. */
  readonly holds?: boolean | undefined
  readonly reporter: Reporter
}

export class FunctionRunner implements Runner {
  readonly parallel = 1
  readonly iterations: readonly number[]
  readonly skipped: readonly SkippedSample[] = []
  readonly #options: FunctionRunnerOptions
  readonly #calls: FunctionCalls
  /** Value of -i -> inputs of the forward passes that it was observed on. */
  readonly #held = new Map<number, HeldFeeds>()
  /** The float model's metric over the evaluation data, which is the same for every value of -i. */
  #evaluated: number | undefined

  constructor(options: FunctionRunnerOptions) {
    this.#options = options
    this.#calls = new FunctionCalls(options)
    this.iterations = options.iterations
  }

  close(): Promise<void> {
    return this.#calls.close()
  }

  skipObservation(): Promise<void> {
    return this.#calls.dropFirst()
  }

  firstFeeds(): Promise<Feeds> {
    return this.#calls.firstFeeds()
  }

  lastFeeds(): Promise<Feeds> {
    return this.#calls.lastFeeds()
  }

  async digest(): Promise<string> {
    return this.#options.digest
  }

  async calibratedSamples(iteration: number): Promise<CalibratedSamples> {
    const { executor, samplesPerForward } = this.#options
    const isSplit = executor.inputs.every(({ dims }) => typeof dims[0] === 'string')
    const forwards = isSplit ? Math.ceil(executor.batchSize / samplesPerForward) : 1
    return { samples: iteration, batch: 1, forwards }
  }

  async observe(model: ObservedModel): Promise<readonly CalibrationResult[]> {
    const { iterations } = this.#options
    const last = await this.#observe(model, iterations)
    const results: CalibrationResult[] = []
    for (const iteration of iterations) {
      const own = last.prefixes.find((prefix) => prefix.iteration === iteration)
      const { prefixes, metric } = own === undefined ? await this.#observe(model, [iteration]) : last
      const { samples, buffer } = own ?? prefixes[0]!
      const { tensors } = model.observation
      const called = own === undefined ? iteration : iterations.at(-1)!
      const floatMetric = await this.#floatMetric(model, iteration, called, metric)
      results.push({ iteration, samples, statistics: { tensors, buffer }, firstHalf: undefined, floatMetric })
    }
    return results
  }

  /** One call of the function, for the largest of these values. */
  async #observe(model: ObservedModel, iterations: readonly number[]) {
    const most = iterations.at(-1)!
    const prefixes = new Prefixes(iterations, model.observation.tensors)
    const held = new Map(this.#options.holds ? iterations.map((iteration) => [iteration, new HeldFeeds()]) : [])
    const progress = this.#options.reporter.progress(`calibrating (-i ${iterations.join(' ')})`, most, 'forwards')
    const sink: Sink = {
      forward: this.#observing(model, prefixes, held),
      onForward: (count, item) => {
        prefixes.done(item)
        progress.update(count)
      },
    }
    const metric = await this.#calls.begunOr(most, sink)
    progress.finish()
    const taken = prefixes.taken()
    for (const { iteration } of taken) if (held.has(iteration)) this.#held.set(iteration, held.get(iteration)!)
    return { prefixes: taken, metric }
  }

  /** The float model's metric over what is evaluated on, given what a call for `called` iterations returned. */
  async #floatMetric(model: ObservedModel, iteration: number, called: number, metric: number | undefined) {
    const { evalIteration } = this.#options
    const measured = evalIteration ?? iteration
    const float = { name: 'the float model', file: model.plain }
    if (metric === undefined || measured === called) return metric
    if (evalIteration === undefined) return this.#measureOne(float, iteration)
    this.#evaluated ??= await this.#measureOne(float, iteration)
    return this.#evaluated
  }

  /** One after the other: the function brings its data anew for each. */
  async measure(models: readonly NamedModel[], iteration: number): Promise<readonly (number | undefined)[]> {
    const metrics: (number | undefined)[] = []
    for (const model of models) metrics.push(await this.#measureOne(model, iteration))
    return metrics
  }

  async #measureOne({ name, file: model }: NamedModel, iteration: number): Promise<number | undefined> {
    const count = this.#options.evalIteration ?? iteration
    const progress = this.#options.reporter.progress(`evaluating ${name}`, count, 'forwards')
    const metric = await this.#calls.call(count, {
      forward: (feeds, call) => forwardOnce(this.#options.pool, model, feeds, call),
      onForward: (done) => progress.update(done),
    })
    progress.finish()
    return metric
  }

  /** Whether the function has a metric shows when it ends: it is taken to have one. */
  async workload(quantizations: number, compared: number, heldPasses: number): Promise<number> {
    const { iterations, evalIteration } = this.#options
    const most = iterations.at(-1)!
    const measured = iterations.map((iteration) => evalIteration ?? iteration)
    // The call that calibrates measures the float model as well.
    const float = new Set([...measured].filter((count) => count !== most))
    const evaluated = [...float, ...measured.map((count) => quantizations * count)]
    const refined = iterations.map((count) => quantizations * heldPasses * Math.min(count, MOST_HELD))
    return (
      most +
      [...evaluated, ...refined].reduce((sum, count) => sum + count, 0) +
      Math.min(compared, evalIteration ?? most)
    )
  }

  async compare(
    comparisons: readonly Comparison[],
    { iteration, of, most }: ComparedSamples,
    title: string,
  ): Promise<Compared> {
    const available = of === 'calibration' ? iteration : (this.#options.evalIteration ?? iteration)
    const count = Math.min(available, most)
    const progress = this.#options.reporter.progress(title, count, 'forwards')
    const { outputs } = this.#options.executor
    let sum: Compared = { samples: 0, differences: [] }
    await this.#calls
      .call(count, {
        forward: async (feeds, name) => {
          const done = await this.#options.pool.compareForward({
            kind: 'compareForward',
            comparisons,
            feeds,
            outputs,
            name,
          })
          const one = done.differences.length > 0 ? 1 : 0
          sum = { samples: sum.samples + one, differences: mergeTensors(sum.differences, done.differences) }
          return byName(done)
        },
        onForward: (done) => progress.update(done),
      })
      .finally(() => progress.finish())
    return sum
  }

  async hold(iteration: number, float: ModelFile): Promise<readonly HeldSample[]> {
    const known = this.#held.get(iteration)
    if (known !== undefined) return known.samples
    const progress = this.#options.reporter.progress('holding samples', iteration, 'forwards')
    const held = new HeldFeeds()
    const sink: Sink = {
      forward: (feeds, name) => {
        held.add(heldSample(feeds))
        return forwardOnce(this.#options.pool, float, feeds, name)
      },
      onForward: (done) => progress.update(done),
    }
    await this.#calls.begunOr(iteration, sink).finally(() => progress.finish())
    this.#held.set(iteration, held)
    return held.samples
  }

  #observing(model: ObservedModel, prefixes: Prefixes, held: ReadonlyMap<number, HeldFeeds>): ForwardOne {
    const free: SharedArrayBuffer[] = []
    return async (feeds, name, item) => {
      if (held.size > 0) addTo(held, heldSample(feeds), item)
      const buffer = free.pop() ?? createBuffer(model.observation.tensors)
      const observation = { ...model.observation, stacked: 1, buffer }
      const done = await this.#options.pool.forward({
        kind: 'forward',
        model: model.observed,
        feeds,
        name,
        observation,
      })
      prefixes.add(item, buffer)
      free.push(buffer)
      return byName(done)
    }
  }
}

/** A forward pass of no item belongs to the largest value of -i alone. */
function addTo(held: ReadonlyMap<number, HeldFeeds>, sample: HeldSample, item: number | undefined): void {
  const most = Math.max(...held.keys())
  for (const [iteration, feeds] of held) if (iteration === most || (item ?? most) < iteration) feeds.add(sample)
}
