// The inputs of one sample, from the dataset of this thread.

import type { Feeds } from '../src/dataset/types.js'
import type { LoadAnswer, LoadTask, SamplesTask } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
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
    return { kind: 'good', ...(await dataset.load(index)) }
  } catch (error) {
    const reason =
      error instanceof SquireError
        ? error
        : new SquireError('DATA', `sample "${id}" cannot be loaded: ${messageOf(error)}`)
    return { kind: 'bad', reason }
  }
}
