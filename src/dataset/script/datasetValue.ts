// A dataset object given as a value: an infer function that loads its samples, and folds its metric in their order.

import { sampleFeeds } from '../tensors/sampleFeeds.js'
import type { Dataset, Executor, InferFunction, ModelInput } from '../types.js'

/** Samples that are loaded or under way at the same time. */
const AT_ONCE = 16

/** @param inputs of the model, in its order */
export function datasetFunction(dataset: Dataset, size: number, inputs: readonly ModelInput[]): InferFunction {
  const idOf = (index: number) => dataset.id?.(index) ?? String(index).padStart(8, '0')
  const order = Array.from({ length: size }, (_, index) => ({ index, id: idOf(index) })).sort((a, b) =>
    a.id < b.id ? -1 : a.id > b.id ? 1 : a.index - b.index,
  )
  return async (executor) => {
    const { metric } = dataset
    let state = metric?.initial()
    const samples = order.slice(0, executor.iteration * executor.batchSize)
    const running: ReturnType<typeof forwardOne>[] = []
    for (let at = 0; at < samples.length; at++) {
      for (let next = at + running.length; running.length < AT_ONCE && next < samples.length; next++) {
        const started = forwardOne(dataset, inputs, executor, samples[next]!)
        // The first failure ends the loop: nobody awaits those that fail behind it.
        started.catch(() => {})
        running.push(started)
      }
      const { outputs, label } = await running.shift()!
      state = await metric?.update(state, outputs, label, samples[at]!.index)
    }
    return metric?.value(state)
  }
}

async function forwardOne(
  dataset: Dataset,
  inputs: readonly ModelInput[],
  executor: Executor,
  { index, id }: { readonly index: number; readonly id: string },
) {
  const sample = await dataset.load(index)
  const feeds = sampleFeeds(sample, inputs, id)
  const outputs = await executor.forward(...inputs.map(({ name }) => feeds[name]!))
  return { outputs, label: sample.label }
}
