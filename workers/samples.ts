// One chunk of samples: load, run, observe, measure. Loading runs ahead of inference, so that decoding (in libuv's threads) overlaps it.

import { splitOutputs, stackSamples } from '../src/dataset/batch.js'
import { asOutputs } from '../src/dataset/tensors/outputs.js'
import type { Feeds, Metric } from '../src/dataset/types.js'
import type { SamplesAnswer, SamplesDone, SamplesTask, SkippedSample } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
import type { Session } from '../src/onnx/runtime/session.js'
import type { TensorValue } from '../src/onnx/types.js'
import { isShortage, shortage } from '../src/shortage.js'
import { datasetOf } from './datasets.js'
import { loadAhead, otherDims, type SampleRef } from './load.js'
import { sessionsOf } from './models.js'
import { type Observer, observerFor } from './observer.js'

/** Samples being loaded while one is in the runtime, or as many as it takes at once. */
const LOADED_AHEAD = 2

type Batch = { readonly sample: SampleRef; readonly feeds: Feeds; readonly label: unknown }[]

export async function runSamples(task: SamplesTask): Promise<SamplesAnswer> {
  const { inputs } = task.models[0]!
  const [sessions, dataset] = await Promise.all([sessionsOf(task.models), datasetOf(task.source, inputs)])
  const observer = observerFor(task.observation)
  const metric = task.measure ? dataset.metric : undefined
  const chunk = new Chunk(task, sessions, metric)
  const stop = new Int32Array(task.stop)
  const stacked = task.observation?.stacked ?? 1
  const perForward = Math.max(task.samplesPerForward, stacked)
  observer?.begin()
  let batch: Batch = []
  const ahead = Math.max(LOADED_AHEAD, stacked)
  for await (const { sample, loaded } of loadAhead(task.samples, ahead, dataset)) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    if (loaded.kind === 'bad') chunk.skip(sample, loaded.reason)
    else if (stacked > 1 && !observer!.isUsual(loaded.feeds)) await chunk.run([{ sample, ...loaded }], 1, observer)
    else batch.push({ sample, feeds: loaded.feeds, label: loaded.label })
    if (batch.length < perForward) continue
    await chunk.run(batch, perForward, observer)
    batch = []
  }
  // A last batch that is not full is padded. Where the model's batch is fixed, such a batch serves the metric alone: statistics are of whole
  // batches, and only skipped samples leave a part of one.
  if (batch.length > 0 && stacked > 1) await chunk.run(batch, perForward, observer)
  else if (batch.length > 0 && metric !== undefined) await chunk.run(batch, perForward, undefined)
  observer?.writeTo(task.observation!.buffer)
  return chunk.done()
}

/** Mutable state of one task: what its batches have given so far. */
class Chunk {
  readonly #task: SamplesTask
  readonly #sessions: readonly Session[]
  readonly #metric: Metric | undefined
  readonly #outputs: readonly string[]
  readonly #skipped = new Map<number, SkippedSample>()
  /** The metric's state, one for each model. */
  readonly #states: unknown[]
  #observed = 0

  constructor(task: SamplesTask, sessions: readonly Session[], metric: Metric | undefined) {
    this.#task = task
    this.#sessions = sessions
    this.#metric = metric
    this.#outputs = task.models[0]!.outputs
    this.#states = sessions.map(() => metric?.initial())
  }

  /** @throws the reason, where a bad sample is to stop the run */
  skip({ index, id }: SampleRef, reason: SquireError): void {
    if (this.#task.onBadSample === 'error') throw reason
    if (!this.#skipped.has(index)) this.#skipped.set(index, { index, id, reason: reason.message })
  }

  /** One forward pass of each model. @param count samples that the pass takes: a batch of fewer is padded */
  async run(batch: Batch, count: number, observer: Observer | undefined): Promise<void> {
    const { samplesPerForward, observation, inputDims, onBadSample } = this.#task
    const samples = batch.map((entry) => entry.feeds)
    const isStack = count > samplesPerForward
    const axes = isStack ? observation?.stackAxes : undefined
    const feeds = stackSamples(samples, count, isStack ? observer!.stack : undefined, axes)
    const fetches = observer?.fetches(feeds) ?? this.#outputs
    // Dims that the model's inputs leave open may still not fit what is inside. Stacked samples have the usual dims.
    const unfit = isStack ? undefined : otherDims(feeds, inputDims)
    const undoable = onBadSample === 'skip'
    for (const [model, session] of this.#sessions.entries()) {
      const values = unfit ?? (await session.run(feeds, fetches).catch(problemOf))
      const problem =
        typeof values === 'string' ? values : observer?.observe(feeds, values, undoable, batch.length / count)
      if (typeof values === 'string' || problem !== undefined) {
        if ((observation?.stacked ?? 1) > 1 && batch.length > 1) return this.#runEach(batch, count, observer)
        for (const { sample } of batch) this.skip(sample, new SquireError('DATA', `sample "${sample.id}": ${problem}`))
      } else {
        if (observer !== undefined) this.#observed += batch.length
        const own = ownOutputs(values, this.#outputs, observer !== undefined)
        await this.#measure(model, batch, splitOutputs(own, count, axes))
      }
    }
  }

  done(): SamplesDone {
    requireCloneable(this.#states)
    return { kind: 'done', states: this.#states, skipped: [...this.#skipped.values()], observed: this.#observed }
  }

  async #measure(model: number, batch: Batch, results: readonly Record<string, TensorValue>[]): Promise<void> {
    const metric = this.#metric
    if (metric === undefined) return
    const states = this.#states
    for (const [i, { sample, label }] of batch.entries()) {
      const own = asOutputs(results[i]!, this.#outputs)
      states[model] = await explained(sample, 'metric', () => metric.update(states[model], own, label, sample.index))
    }
  }

  /** One of these samples is bad: each runs by itself, beside copies of its own. */
  async #runEach(batch: Batch, count: number, observer: Observer | undefined): Promise<void> {
    for (const entry of batch) await this.run([entry], count, observer)
    if (this.#task.onBadSample === 'skip') return
    const names = batch.map(({ sample }) => `"${sample.id}"`).join(', ')
    throw new SquireError('DATA', `the model fails on samples ${names} together, and on none of them alone`)
  }
}

/** The model's outputs; copied where the next sample overwrites them, since a metric may keep what it is given. */
function ownOutputs(values: Readonly<Record<string, TensorValue>>, names: readonly string[], copy: boolean) {
  const own = (value: TensorValue) => (copy ? { ...value, data: value.data.slice() } : value)
  return Object.fromEntries(names.map((name) => [name, own(values[name]!)]))
}

/** A worker dies of an answer that cannot be cloned, and nobody learns why. @throws SquireError USER_SCRIPT */
function requireCloneable(states: readonly unknown[]): void {
  try {
    structuredClone(states)
  } catch (cause) {
    throw new SquireError(
      'USER_SCRIPT',
      `the metric's state cannot be handed over by a worker: ${messageOf(cause)} Keep it plain: numbers, texts, arrays, typed arrays, maps.`,
      { cause },
    )
  }
}

/** What the model does not like about its inputs. @throws SquireError SHORTAGE where it is memory that it lacks */
function problemOf(error: unknown): string {
  if (isShortage(error)) throw shortage('a forward pass failed', error)
  return messageOf(error)
}

async function explained<T>(sample: SampleRef, what: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof SquireError) throw error
    throw new SquireError('USER_SCRIPT', `the ${what} threw for sample "${sample.id}": ${messageOf(error)}`, {
      cause: error,
    })
  }
}
