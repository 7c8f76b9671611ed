// Runs an infer function, Knight's way: the user's code owns the loop and calls executor.forward. Each call is one task of the pool; calls may
// overlap, and a histogram does not depend on the order in which they end.

import { setTimeout } from 'node:timers/promises'
import { makeExecutor } from '../dataset/script/executor.js'
import { firstFrame, isDatasetObject, wrapAdvice } from '../dataset/script/userScript.js'
import type { Executor, InferFunction } from '../dataset/types.js'
import { mergeTensors } from '../difference/tensors.js'
import { messageOf, SquireError } from '../errors.js'
import { addSlab, createSlab, emptySlab, readSlab } from '../histogram/slab.js'
import type { TensorValue } from '../onnx/types.js'
import type { Reporter } from '../report/types.js'
import { joinBatches, splitBatch } from './batch.js'
import type { Compared } from './comparing.js'
import type { Pool } from './pool.js'
import type { Comparison, ModelFile, SkippedSample } from './protocol.js'
import type { Feeds, Observed, ObservedModel, Runner } from './runner.js'

export interface FunctionRunnerOptions {
  readonly pool: Pool
  readonly infer: InferFunction
  /** Ends what the function runs in; undefined where that is squire's own thread. */
  readonly end?: ((reason: SquireError) => Promise<void>) | undefined
  /** The name of the function, for messages. */
  readonly name: string
  readonly digest: string
  /** Everything of the executor but its iteration and its forward. */
  readonly executor: Omit<Parameters<typeof makeExecutor>[0], 'iteration' | 'forward' | 'stopped' | 'atOnce'>
  readonly iterations: readonly number[]
  readonly evalIteration: number | undefined
  /** Samples that a forward pass of a model with a dynamic batch takes. */
  readonly samplesPerForward: number
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

/** Time that a function gets to leave its `finally` blocks. */
const UNWIND_MILLISECONDS = 2000

type ForwardOne = (feeds: Feeds, name: string) => Promise<Readonly<Record<string, TensorValue>>>

/** Where forward passes go during one call of the infer function. */
interface Sink {
  readonly forward: ForwardOne
  readonly onForward: (count: number) => void
  /** Whether the forwards are needed no more. Default: they are, until the run is interrupted. */
  readonly stopped?: () => boolean
}

/** A call whose forward passes wait to be told where they go. */
interface HeldCall {
  readonly metric: Promise<number | undefined>
  readonly begin: (sink: Sink) => void
  /** Rejects the forwards that wait, and those that would follow. */
  readonly drop: (reason: SquireError) => void
}

export class FunctionRunner implements Runner {
  readonly iterations: readonly number[]
  readonly skipped: readonly SkippedSample[] = []
  readonly #options: FunctionRunnerOptions
  #first: HeldCall | undefined
  /** What the latest forward pass was fed, in the order in which the function asked for them. */
  #last: Feeds | undefined

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

  /** Starts the first calibration run and holds its forward passes until observe() says where they go. */
  async firstFeeds(): Promise<Feeds> {
    let begin: (sink: Sink) => void = () => {}
    let drop: (reason: SquireError) => void = () => {}
    let dropped = false
    const sink = new Promise<Sink>((resolve, reject) => {
      begin = resolve
      drop = (reason) => {
        dropped = true
        reject(reason)
      }
    })
    sink.catch(() => {})
    let seen: (feeds: Feeds) => void = () => {}
    const feeds = new Promise<Feeds>((resolve) => {
      seen = resolve
    })
    const metric = this.#call(this.#options.iterations[0]!, {
      forward: async (first, name) => {
        seen(first)
        return (await sink).forward(first, name)
      },
      onForward: async (count) => (await sink).onForward(count),
      stopped: () => dropped,
    })
    // The failure of a held run is reported by whoever awaits it: here or in observe().
    metric.catch(() => {})
    this.#first = { metric, begin, drop }
    return Promise.race([feeds, metric.then(() => feeds)])
  }

  async lastFeeds(): Promise<Feeds> {
    return this.#last ?? this.firstFeeds()
  }

  async observe(model: ObservedModel): Promise<readonly Observed[]> {
    const { iterations, evalIteration, reporter } = this.#options
    const results: Observed[] = []
    for (const iteration of iterations) {
      const { tensors } = model.observation
      const statistics = emptySlab(tensors)
      const progress = reporter.progress(`calibrating (-i ${iteration})`, iteration, 'forwards')
      let samples = 0
      const sink: Sink = {
        forward: this.#observing(model, statistics, () => samples++),
        onForward: (count) => progress.update(count),
      }
      const first = this.#first
      this.#first = undefined
      first?.begin(sink)
      const metric = await (first?.metric ?? this.#call(iteration, sink))
      progress.finish()
      const floatMetric =
        metric === undefined || evalIteration === undefined || evalIteration === iteration
          ? metric
          : await this.measure(model.plain, iteration, 'evaluating the float model')
      results.push({ iteration, samples, histograms: readSlab(statistics, tensors), floatMetric })
    }
    return results
  }

  async measure(model: ModelFile, iteration: number, title: string): Promise<number | undefined> {
    const count = this.#options.evalIteration ?? iteration
    const progress = this.#options.reporter.progress(title, count, 'forwards')
    const metric = await this.#call(count, {
      forward: (feeds, name) => this.#forward(model, feeds, name),
      onForward: (done) => progress.update(done),
    })
    progress.finish()
    return metric
  }

  /** Whether the function has a metric shows when it ends: it is taken to have one. */
  async workload(quantizations: number, compared: number): Promise<number> {
    const { iterations, evalIteration } = this.#options
    const passes = iterations.map((iteration) => {
      const measured = evalIteration ?? iteration
      return iteration + (measured === iteration ? 0 : measured) + quantizations * measured
    })
    const comparisons = Math.min(compared, evalIteration ?? iterations.at(-1)!)
    return passes.reduce((sum, count) => sum + count, 0) + comparisons
  }

  async compare(comparison: Comparison, iteration: number, most: number, title: string): Promise<Compared> {
    const count = Math.min(this.#options.evalIteration ?? iteration, most)
    const progress = this.#options.reporter.progress(title, count, 'forwards')
    const { outputs } = this.#options.executor
    let sum: Compared = { samples: 0, differences: [] }
    await this.#call(count, {
      forward: async (feeds, name) => {
        const done = await this.#options.pool.compareForward({
          kind: 'compareForward',
          comparison,
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

  /** Calls the user's function and checks what it does. */
  async #call(iteration: number, sink: Sink): Promise<number | undefined> {
    const { name, infer, signal } = this.#options
    let calls = 0
    let done = 0
    const inFlight = new Set<Promise<unknown>>()
    const executor: Executor = makeExecutor({
      ...this.#options.executor,
      iteration,
      // One for each worker, and as many that are being loaded.
      atOnce: 2 * this.#options.pool.threads,
      stopped: () => signal.aborted || sink.stopped?.() === true,
      forward: (feeds) => {
        if (signal.aborted) throw new SquireError('INTERRUPTED', `interrupted after ${done} forward passes`)
        const call = `forward ${++calls}`
        const running = this.#splitForward(feeds, call, sink.forward).then((outputs) => {
          sink.onForward(++done)
          return outputs
        })
        inFlight.add(running)
        running.then(
          () => inFlight.delete(running),
          () => {},
        )
        return running
      },
    })
    let value: unknown
    try {
      value = await infer(executor)
    } catch (error) {
      if (signal.aborted) throw new SquireError('INTERRUPTED', `interrupted after ${done} forward passes`)
      if (error instanceof SquireError) throw error
      const frame = firstFrame(error)
      const where = frame === undefined ? '' : ` (${frame})`
      const advice = calls === 0 ? `. ${wrapAdvice}` : ''
      throw new SquireError('USER_SCRIPT', `infer function "${name}" threw: ${messageOf(error)}${where}${advice}`, {
        cause: error,
      })
    }
    // Calls that the function did not wait for belong to the statistics all the same; one that failed fails the run.
    await Promise.all(inFlight)
    return checkedMetric(value, name, calls)
  }

  /** A batch for a model whose batch is dynamic goes through in parts of one size (of one sample unless -ib says more): parallel, and independent of the batch size. */
  async #splitForward(feeds: Feeds, name: string, forward: ForwardOne) {
    const parts = splitBatch(feeds, this.#options.executor.inputs, this.#options.samplesPerForward)
    this.#last = parts.at(-1)!
    if (parts.length === 1) return forward(feeds, name)
    return joinBatches(await Promise.all(parts.map((part, i) => forward(part, `${name}, part ${i + 1} of the batch`))))
  }

  async #forward(model: ModelFile, feeds: Feeds, name: string): Promise<Readonly<Record<string, TensorValue>>> {
    for (const input of model.inputs) {
      const { dims } = feeds[input.name]!
      if (input.dims.every((dim, axis) => typeof dim === 'string' || dim === dims[axis])) continue
      throw new SquireError(
        'DATA',
        `${name}: input "${input.name}" has dims [${dims.join(', ')}], expected [${input.dims.join(', ')}]: ` +
          'the quantized model is static, with the dims of the first forward pass. Measure on inputs of one size.',
      )
    }
    return this.#options.pool.forward({ kind: 'forward', model, feeds, name, observation: undefined }).then(byName)
  }

  #observing(model: ObservedModel, statistics: SharedArrayBuffer, counted: () => void): ForwardOne {
    const free: SharedArrayBuffer[] = []
    return async (feeds, name) => {
      const slab = free.pop() ?? createSlab(model.observation.tensors)
      const observation = { ...model.observation, stacked: 1, slab }
      const done = await this.#options.pool.forward({
        kind: 'forward',
        model: model.observed,
        feeds,
        name,
        observation,
      })
      addSlab(statistics, slab, model.observation.tensors)
      free.push(slab)
      counted()
      return byName(done)
    }
  }
}

function byName(done: { readonly outputs: readonly { readonly name: string; readonly value: TensorValue }[] }) {
  return Object.fromEntries(done.outputs.map(({ name, value }) => [name, value]))
}

function checkedMetric(value: unknown, name: string, calls: number): number | undefined {
  if (isDatasetObject(value)) {
    throw new SquireError(
      'USER_SCRIPT',
      `export "${name}" is taken for an infer function, which returns its metric, but it returned a dataset. ` +
        'Export it wrapped: defineDataset(...).',
    )
  }
  if (calls === 0) {
    throw new SquireError(
      'USER_SCRIPT',
      `infer function "${name}" returned without calling executor.forward: there is nothing to calibrate on. ` +
        `Call and await executor.forward(input, ...) once for each of executor.iteration batches. ${wrapAdvice}`,
    )
  }
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new SquireError(
      'USER_SCRIPT',
      `infer function "${name}" returned ${typeof value === 'number' ? value : `a value of type ${typeof value}`}; ` +
        'expected its metric as a finite number, or nothing when it has none.',
    )
  }
  return value
}
