// One chunk of samples: load, run, observe, measure. Loading runs ahead of inference, so that decoding (in libuv's threads) overlaps it.

import { splitOutputs, stackSamples } from '../src/dataset/batch.js'
import { asOutputs } from '../src/dataset/tensors/outputs.js'
import type { Feeds } from '../src/dataset/types.js'
import type { ModelFile, SamplesAnswer, SamplesTask, SkippedSample } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
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
  const [{ inputs, outputs }] = task.models as [ModelFile]
  const [sessions, dataset] = await Promise.all([sessionsOf(task.models), datasetOf(task.source, inputs)])
  const observer = observerFor(task.observation)
  const metric = task.measure ? dataset.metric : undefined
  const stop = new Int32Array(task.stop)
  const stacked = task.observation?.stacked ?? 1
  const perForward = Math.max(task.samplesPerForward, stacked)
  const skipped = new Map<number, SkippedSample>()
  const states: unknown[] = sessions.map(() => metric?.initial())
  let observed = 0

  const skip = ({ index, id }: SampleRef, reason: SquireError) => {
    if (task.onBadSample === 'error') throw reason
    if (!skipped.has(index)) skipped.set(index, { index, id, reason: reason.message })
  }

  const runBatch = async (batch: Batch, count: number, observer: Observer | undefined): Promise<void> => {
    const samples = batch.map((entry) => entry.feeds)
    const isStack = count > task.samplesPerForward
    const axes = isStack ? task.observation?.stackAxes : undefined
    const feeds = stackSamples(samples, count, isStack ? observer!.stack : undefined, axes)
    const fetches = observer?.fetches(feeds) ?? outputs
    // Dims that the model's inputs leave open may still not fit what is inside. What is stacked has the usual ones.
    const unfit = isStack ? undefined : otherDims(feeds, task.inputDims)
    for (const [model, session] of sessions.entries()) {
      const values = unfit ?? (await session.run(feeds, fetches).catch(problemOf))
      const undoable = task.onBadSample === 'skip'
      const problem =
        typeof values === 'string' ? values : observer?.observe(feeds, values, undoable, batch.length / count)
      if (typeof values === 'string' || problem !== undefined) {
        if (stacked > 1 && batch.length > 1) return runEach(batch, count, observer)
        for (const { sample } of batch) skip(sample, new SquireError('DATA', `sample "${sample.id}": ${problem}`))
      } else {
        if (observer !== undefined) observed += batch.length
        await update(model, batch, splitOutputs(ownOutputs(values, outputs, observer !== undefined), count, axes))
      }
    }
  }

  const update = async (model: number, batch: Batch, results: readonly Record<string, TensorValue>[]) => {
    if (metric === undefined) return
    for (const [i, { sample, label }] of batch.entries()) {
      const own = asOutputs(results[i]!, outputs)
      states[model] = await explained(sample, 'metric', () => metric.update(states[model], own, label, sample.index))
    }
  }

  /** One of these samples is bad: each by itself, beside copies of its own. */
  const runEach = async (batch: Batch, count: number, observer: Observer | undefined): Promise<void> => {
    for (const entry of batch) await runBatch([entry], count, observer)
    if (task.onBadSample === 'skip') return
    const names = batch.map(({ sample }) => `"${sample.id}"`).join(', ')
    throw new SquireError('DATA', `the model fails on samples ${names} together, and on none of them alone`)
  }

  observer?.begin()
  let batch: Batch = []
  const ahead = Math.max(LOADED_AHEAD, stacked)
  for await (const { sample, loaded } of loadAhead(task.samples, ahead, dataset)) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    if (loaded.kind === 'bad') skip(sample, loaded.reason)
    else if (stacked > 1 && !observer!.isUsual(loaded.feeds)) await runBatch([{ sample, ...loaded }], 1, observer)
    else batch.push({ sample, feeds: loaded.feeds, label: loaded.label })
    if (batch.length < perForward) continue
    await runBatch(batch, perForward, observer)
    batch = []
  }
  // A last batch that is not full is padded. One of a fixed size is for the metric alone, and kept from the statistics, which are cut to
  // whole batches: where they are taken, it is skipped samples that leave one.
  if (batch.length > 0 && stacked > 1) await runBatch(batch, perForward, observer)
  else if (batch.length > 0 && metric !== undefined) await runBatch(batch, perForward, undefined)
  observer?.writeTo(task.observation!.buffer)
  requireCloneable(states)
  return { kind: 'done', states, skipped: [...skipped.values()], observed }
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
