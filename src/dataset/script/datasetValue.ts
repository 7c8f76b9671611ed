// A dataset object given as a value: a function that loads its samples, and folds its metric in their order. An item of a forward pass is what
// `-i` counts: as many samples as the batch size says.

import { sampleFeeds } from '../tensors/sampleFeeds.js'
import type { Dataset, Metric, ModelInput, Outputs } from '../types.js'
import type { ItemExecutor } from './executor.js'
import { mapForwards } from './mapForwards.js'
import { awaited } from './userCode.js'
import { explainedMetric } from './userMetric.js'

/** Samples that are loaded or under way at the same time. */
const AT_ONCE = 16

/** @param inputs of the model, in its order */
export function datasetFunction(dataset: Dataset, size: number, inputs: readonly ModelInput[]) {
  const idOf = (index: number) => dataset.id?.(index) ?? String(index).padStart(8, '0')
  const order = Array.from({ length: size }, (_, index) => ({ index, id: idOf(index) })).sort((a, b) =>
    a.id < b.id ? -1 : a.id > b.id ? 1 : a.index - b.index,
  )
  return async (executor: ItemExecutor): Promise<number | undefined> => {
    const { batchSize, iteration, forwardItem } = executor
    const samples = order.slice(0, iteration * batchSize)
    const labels: unknown[] = []
    const load = async ({ index, id }: { readonly index: number; readonly id: string }, at: number) => {
      const sample = await awaited(`sample "${id}": load(${index}) threw`, () => dataset.load(index), 'DATA')
      labels[at] = sample.label
      const feeds = sampleFeeds(sample, inputs, id)
      return inputs.map(({ name }) => feeds[name]!)
    }
    const metric = dataset.metric && explainedMetric(dataset.metric as Metric)
    let state = metric?.initial()
    const update = inOrder(async ({ outputs, at }) => {
      state = await metric?.update(state, outputs, labels[at], samples[at]!.index)
      delete labels[at]
    })
    await mapForwards(samples, load, (outputs, _, at) => update({ outputs, at }), {
      atOnce: AT_ONCE,
      most: samples.length,
      forward: (at, feeds) => forwardItem(Math.floor(at / batchSize), feeds),
      stopped: () => executor.earlyStopFlag,
    })
    return metric?.value(state)
  }
}

interface Forwarded {
  readonly outputs: Outputs
  /** The place of its sample, from 0. */
  readonly at: number
}

/** Calls `take` in the order of places, whatever the order of the calls. Few wait: forward passes begin in that order, and take about as long as each other. */
function inOrder(take: (one: Forwarded) => Promise<void>): (one: Forwarded) => Promise<void> {
  const waiting = new Map<number, Forwarded>()
  let next = 0
  let taking: Promise<void> = Promise.resolve()
  const takeWaiting = async () => {
    for (let one = waiting.get(next); one !== undefined; one = waiting.get(next)) {
      waiting.delete(next++)
      await take(one)
    }
  }
  return (one) => {
    waiting.set(one.at, one)
    taking = taking.then(takeWaiting)
    return taking
  }
}
