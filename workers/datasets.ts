// The dataset of this thread, opened once for all tasks in a row that read it.

import { openDataset } from '../src/dataset/datasets.js'
import type { OpenedDataset } from '../src/dataset/opened.js'
import type { DatasetSource } from '../src/dataset/source.js'
import type { ModelInput } from '../src/dataset/types.js'

/** A source arrives as a new clone with every task; its description tells whether it is the same. */
let current: { readonly key: string; readonly dataset: Promise<OpenedDataset> } | undefined

export function datasetOf(source: DatasetSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const key = JSON.stringify([source, inputs])
  if (current?.key === key) return current.dataset
  // A thread's tasks follow one another: nobody reads the dataset before any more. Where it could not be opened, its task has told.
  void current?.dataset.then((dataset) => dataset.close()).catch(() => undefined)
  current = { key, dataset: openDataset(source, inputs) }
  return current.dataset
}
