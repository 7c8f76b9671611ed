// The inputs of one sample, from the dataset of this thread.

import type { Feeds } from '../src/dataset/types.js'
import type { LoadAnswer, LoadTask, SamplesTask } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
import { own } from '../src/own.js'
import { patiently } from '../src/shortage.js'
import { datasetOf } from './datasets.js'
import { portable } from './portable.js'

export type SampleRef = SamplesTask['samples'][number]

export type Loaded =
  | { readonly kind: 'good'; readonly feeds: Feeds; readonly label: unknown }
  | { readonly kind: 'bad'; readonly reason: SquireError }

type Dataset = Awaited<ReturnType<typeof datasetOf>>

export async function runLoad({ source, inputs, sample }: LoadTask): Promise<LoadAnswer> {
  const loaded = await load(sample, await datasetOf(source, inputs))
  if (loaded.kind === 'bad') throw loaded.reason
  const feeds = Object.fromEntries(Object.entries(loaded.feeds).map(([name, value]) => [name, portable(value)]))
  return { kind: 'done', feeds }
}

export async function load({ index, id }: SampleRef, dataset: Dataset): Promise<Loaded> {
  if (dataset.id(index) !== id) {
    throw new SquireError(
      'USER_SCRIPT',
      `sample ${index} is "${id}" on the main thread and "${dataset.id(index)}" in a worker: ` +
        'a dataset must list the same samples in the same order every time; sort what it lists.',
    )
  }
  try {
    return { kind: 'good', ...(await patiently(`sample "${id}" cannot be loaded`, () => dataset.load(index))) }
  } catch (error) {
    if (error instanceof SquireError && error.code === 'SHORTAGE') throw error
    const reason =
      error instanceof SquireError
        ? error
        : new SquireError('DATA', `sample "${id}" cannot be loaded: ${messageOf(error)}`)
    return { kind: 'bad', reason }
  }
}

/** Loads in order, `ahead` samples ahead of whoever consumes them. */
export async function* loadAhead(samples: readonly SampleRef[], ahead: number, dataset: Dataset) {
  const pending: Promise<Loaded>[] = []
  for (let i = 0; i < samples.length; i++) {
    while (pending.length <= ahead && i + pending.length < samples.length) {
      const loading = load(samples[i + pending.length]!, dataset)
      // Whoever consumes the samples may end before it gets to this one.
      loading.catch(() => {})
      pending.push(loading)
    }
    yield { sample: samples[i]!, loaded: await pending.shift()! }
  }
}

/** What is wrong with feeds that the quantized model could not take. */
export function otherDims(feeds: Feeds, expected: SamplesTask['inputDims']): string | undefined {
  for (const [name, { dims }] of Object.entries(feeds)) {
    const first = expected === undefined ? undefined : own(expected, name)
    if (first === undefined || String(dims) === String(first)) continue
    return (
      `input "${name}" has dims [${dims.join(', ')}], the first sample [${first.join(', ')}]: the quantized model is ` +
      'static, so only samples of one size can be measured. Resize them, or calibrate without a metric'
    )
  }
  return undefined
}
