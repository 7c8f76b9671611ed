// The calls of an infer function, one after the other. The first one begins before anybody knows what its forward passes are for, and waits until it is said.

import { setTimeout } from 'node:timers/promises'
import type { ItemFunction } from '../../dataset/script/executor.js'
import type { Pool } from '../../engine/pool.js'
import { SquireError } from '../../errors.js'
import type { Feeds } from '../runner.js'
import { joinBatches, splitBatch } from './batch.js'
import { type HeldCall, holdCall } from './heldCall.js'
import { callInfer, type ForwardOne, type InferCall, type Sink } from './inferCall.js'

export interface FunctionCallsOptions {
  readonly pool: Pool
  readonly infer: ItemFunction
  /** Ends what the function runs in; undefined where that is squire's own thread. */
  readonly end?: ((reason: SquireError) => Promise<void>) | undefined
  /** The name of the function, for messages. */
  readonly name: string
  readonly datasetAdvice: InferCall['datasetAdvice']
  /** Everything of the executor that is the same in every call. */
  readonly executor: Omit<InferCall['executor'], 'iteration' | 'atOnce'>
  /** The values of -i, ascending. */
  readonly iterations: readonly number[]
  /** Samples that a forward pass of a model with a dynamic batch takes. */
  readonly samplesPerForward: number
  readonly signal: AbortSignal
}

/** Time that a function gets to leave its `finally` blocks. */
const UNWIND_MILLISECONDS = 2000

export class FunctionCalls {
  readonly #options: FunctionCallsOptions
  #first: HeldCall | undefined
  /** What the latest forward pass was fed, in the order in which the function asked for them. */
  #last: Feeds | undefined

  constructor(options: FunctionCallsOptions) {
    this.#options = options
  }

  /** Starts the first call, for the largest value of -i, and holds its forward passes until begunOr() says where they go. */
  firstFeeds(): Promise<Feeds> {
    const held = holdCall((sink) => this.call(this.#options.iterations.at(-1)!, sink))
    this.#first = held
    return held.feeds
  }

  async lastFeeds(): Promise<Feeds> {
    return this.#last ?? this.firstFeeds()
  }

  /** The metric of the call that firstFeeds() has begun, where that is one for so many forward passes; else of another call. */
  begunOr(iteration: number, sink: Sink): Promise<number | undefined> {
    const first = this.#first
    if (first === undefined || iteration !== this.#options.iterations.at(-1)) return this.call(iteration, sink)
    this.#first = undefined
    first.begin(sink)
    return first.metric
  }

  /** @returns the metric; undefined where the function returns none */
  call(iteration: number, sink: Sink): Promise<number | undefined> {
    const { infer, name, datasetAdvice, signal, pool } = this.#options
    return callInfer({
      infer,
      name,
      datasetAdvice,
      signal,
      // A forward pass for each worker, and as many whose inputs are being loaded.
      executor: { ...this.#options.executor, iteration, atOnce: 2 * pool.threads },
      sink: { ...sink, forward: (feeds, call, item) => this.#splitForward(feeds, call, item, sink.forward) },
    })
  }

  async close(): Promise<void> {
    const reason = new SquireError('INTERRUPTED', 'the run is over')
    this.#first?.drop(reason)
    await this.#options.end?.(reason)
  }

  /** Unwinds the function where it is in the middle of its first call. The next call starts from the beginning. */
  async dropFirst(): Promise<void> {
    const first = this.#first
    this.#first = undefined
    first?.drop(new SquireError('INTERRUPTED', 'the statistics came from the cache: no more forward passes are needed'))
    // A function may catch that and go on by itself: nobody waits for it then.
    await Promise.race([first?.metric.catch(() => {}), setTimeout(UNWIND_MILLISECONDS, undefined, { ref: false })])
  }

  /** A batch for a model whose batch is dynamic goes through in parts of one size (of one sample unless -ib says more): parallel, and independent of the batch size. */
  async #splitForward(feeds: Feeds, name: string, item: number | undefined, forward: ForwardOne) {
    const parts = splitBatch(feeds, this.#options.executor.inputs, this.#options.samplesPerForward)
    this.#last = parts.at(-1)!
    if (parts.length === 1) return forward(feeds, name, item)
    const running = parts.map((part, i) => forward(part, `${name}, part ${i + 1} of the batch`, item))
    return joinBatches(await Promise.all(running))
  }
}
