// Runs an infer function, Knight's way: the user's code owns the loop and calls executor.forward. Each call is one task of the pool; calls may
// overlap, and a histogram does not depend on the order in which they end.

import { setTimeout } from 'node:timers/promises'
import type { ItemFunction } from '../../dataset/script/executor.js'
import { mergeTensors } from '../../difference/tensors.js'
import type { Comparison } from '../../engine/comparison.js'
import type { Pool } from '../../engine/pool.js'
import type { HeldSample, ModelFile, SkippedSample } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
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
import { joinBatches, splitBatch } from './batch.js'
import { byName, forwardOnce } from './forwardOnce.js'
import { type HeldCall, holdCall } from './heldCall.js'
import { callInfer, type ForwardOne, type InferCall, type Sink } from './inferCall.js'
import { Prefixes } from './prefixes.js'

export interface FunctionRunnerOptions {
  readonly pool: Pool
  readonly infer: ItemFunction
  /** Ends what the function runs in; undefined where that is squire's own thread. */
  readonly end?: ((reason: SquireError) => Promise<void>) | undefined
  /** The name of the function, for messages. */
  readonly name: string
  readonly datasetAdvice: InferCall['datasetAdvice']
  readonly digest: string
  /** Everything of the executor that is the same in every call. */
  readonly executor: Omit<InferCall['executor'], 'iteration' | 'atOnce'>
  readonly iterations: readonly number[]
  readonly evalIteration: number | undefined
  /** Whether hold() will be asked, so that what the function feeds is held while its statistics are observed. */
  readonly holds?: boolean | undefined
  /** Samples that a forward pass of a model with a dynamic batch takes. */
  readonly samplesPerForward: number
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

/** Time that a function gets to leave its `finally` blocks. */
const UNWIND_MILLISECONDS = 2000

export class FunctionRunner implements Runner {
  readonly parallel = 1
  readonly iterations: readonly number[]
  readonly skipped: readonly SkippedSample[] = []
  readonly #options: FunctionRunnerOptions
  #first: HeldCall | undefined
  /** What the latest forward pass was fed, in the order in which the function asked for them. */
  #last: Feeds | undefined
  /** Of the forward passes that each value of -i was observed on. */
  readonly #held = new Map<number, HeldFeeds>()
  /** The float model's metric over the evaluation data, which is the same for every value of -i. */
  #evaluated: number | undefined

  constructor(options: FunctionRunnerOptions) {
    this.#options = options
    this.iterations = options.iterations
  }

  async close(): Promise<void> {
    const reason = new SquireError('INTERRUPTED', 'the run is over')
    this.#first?.drop(reason)
    await this.#options.end?.(reason)
  }

  /** The function is in the middle of its first call: it is unwound, and the next call starts from the beginning. */
  async skipObservation(): Promise<void> {
    const first = this.#first
    this.#first = undefined
    first?.drop(new SquireError('INTERRUPTED', 'the statistics came from the cache: no more forward passes are needed'))
    // A function may catch that and go on by itself: nobody waits for it then.
    await Promise.race([first?.metric.catch(() => {}), setTimeout(UNWIND_MILLISECONDS, undefined, { ref: false })])
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

  /** Starts the calibration run and holds its forward passes until observe() says where they go. */
  firstFeeds(): Promise<Feeds> {
    const held = holdCall((sink) => this.#call(this.#options.iterations.at(-1)!, sink))
    this.#first = held
    return held.feeds
  }

  async lastFeeds(): Promise<Feeds> {
    return this.#last ?? this.firstFeeds()
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
    const metric = await this.#begunOr(most, sink)
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
    const metric = await this.#call(count, {
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
    await this.#call(count, {
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
    }).finally(() => progress.finish())
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
    await this.#begunOr(iteration, sink).finally(() => progress.finish())
    this.#held.set(iteration, held)
    return held.samples
  }

  /** The call that firstFeeds() has begun, where it is one for so many forward passes; else another. */
  #begunOr(iteration: number, sink: Sink): Promise<number | undefined> {
    const first = this.#first
    if (first === undefined || iteration !== this.iterations.at(-1)) return this.#call(iteration, sink)
    this.#first = undefined
    first.begin(sink)
    return first.metric
  }

  #call(iteration: number, sink: Sink): Promise<number | undefined> {
    const { infer, name, datasetAdvice, signal, pool } = this.#options
    return callInfer({
      infer,
      name,
      datasetAdvice,
      signal,
      // One for each worker, and as many that are being loaded.
      executor: { ...this.#options.executor, iteration, atOnce: 2 * pool.threads },
      sink: { ...sink, forward: (feeds, call, item) => this.#splitForward(feeds, call, item, sink.forward) },
    })
  }

  /** A batch for a model whose batch is dynamic goes through in parts of one size (of one sample unless -ib says more): parallel, and independent of the batch size. */
  async #splitForward(feeds: Feeds, name: string, item: number | undefined, forward: ForwardOne) {
    const parts = splitBatch(feeds, this.#options.executor.inputs, this.#options.samplesPerForward)
    this.#last = parts.at(-1)!
    if (parts.length === 1) return forward(feeds, name, item)
    const running = parts.map((part, i) => forward(part, `${name}, part ${i + 1} of the batch`, item))
    return joinBatches(await Promise.all(running))
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
