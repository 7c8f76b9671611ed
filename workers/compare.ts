// Compares models on samples of a dataset or on one forward pass of an infer function, tensor by tensor.

import { stackSamples } from '../src/dataset/batch.js'
import type { Feeds } from '../src/dataset/types.js'
import { mergeTensors, type TensorDifference } from '../src/difference/tensors.js'
import type { Comparison } from '../src/engine/comparison.js'
import type {
  CompareForwardAnswer,
  CompareForwardTask,
  CompareSamplesAnswer,
  CompareSamplesTask,
} from '../src/engine/protocol.js'
import { type ComparedPass, comparePasses, modelsOf, type Values } from './comparedPasses.js'
import { datasetOf } from './datasets.js'
import { loadAhead } from './load.js'
import { portable } from './portable.js'

/** Samples being loaded while one is compared. */
const LOADED_AHEAD = 2

export async function runCompareSamples(task: CompareSamplesTask): Promise<CompareSamplesAnswer> {
  const { comparisons, samplesPerForward: perForward } = task
  const dataset = await datasetOf(task.source, comparisons[0]!.reference.inputs)
  const stop = new Int32Array(task.stop)
  const sum = new Sum(comparisons)
  let batch: Feeds[] = []
  let waiting: Feeds[] = []
  let taken = 0
  for await (const { loaded } of loadAhead(task.samples, Math.max(LOADED_AHEAD, perForward), dataset)) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    if (loaded.kind === 'good') batch.push(loaded.feeds)
    else if (task.onBadSample === 'error') throw loaded.reason
    if (++taken % perForward !== 0) continue
    // A batch that misses a sample is left out: padding would count as data, and samples of the next batch may be another worker's.
    if (batch.length === perForward) waiting.push(stackSamples(batch, perForward))
    batch = []
    if (waiting.length < sum.forwardsAtOnce) continue
    await sum.add(waiting)
    waiting = []
  }
  await sum.add(waiting)
  return { kind: 'done', differences: sum.differences, compared: sum.forwards * perForward }
}

/**
 * Large models, whose weights are mapped from a file, are open one at a time, so that each frees its memory for the next one. Opening one takes about
 * as long as a forward pass: so each makes up to so many passes in a row.
 */
const MOST_FORWARDS = 4

/** The most bytes of the reference's tensors that are held for the models after it. */
const MOST_WAITING = 32 * 2 ** 20

/** Mutable state of one task: the differences of all passes so far. */
class Sum {
  differences: readonly TensorDifference[] = []
  /** Forward passes that were compared. */
  forwards = 0
  /** How many forward passes to add at a time: one, until the first pass tells how large the tensors are. */
  forwardsAtOnce = 1
  readonly #comparisons: readonly Comparison[]

  constructor(comparisons: readonly Comparison[]) {
    this.#comparisons = comparisons
  }

  async add(feeds: readonly Feeds[]): Promise<void> {
    for (const { found, values } of await comparePasses(
      this.#comparisons,
      feeds.map((one) => ({ feeds: one })),
    )) {
      this.forwardsAtOnce = this.#mostOf(values)
      this.differences = mergeTensors(this.differences, found)
      if (found.length > 0) this.forwards++
    }
  }

  #mostOf(values: Values): number {
    if (!modelsOf(this.#comparisons).some(({ mapped }) => mapped)) return 1
    const bytes = Object.values(values).reduce((total, { data }) => total + data.byteLength, 0)
    return Math.min(Math.max(Math.floor(MOST_WAITING / bytes), 1), MOST_FORWARDS)
  }
}

export async function runCompareForward(task: CompareForwardTask): Promise<CompareForwardAnswer> {
  const [{ found, values }] = (await comparePasses(task.comparisons, [task], task.outputs)) as [ComparedPass]
  const outputs = task.outputs.map((name) => ({ name, value: portable(values[name]!) }))
  return { kind: 'done', outputs, differences: found }
}
