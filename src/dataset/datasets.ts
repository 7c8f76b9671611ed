// Opens any source of samples, on the main thread and in workers, as one interface. What was listed once travels with `source`.

import { SquireError } from '../errors.js'
import { openPath } from './formats/pathDataset.js'
import { MAX_SAMPLES, type OpenedDataset } from './opened.js'
import { openUserDataset } from './script/userDataset.js'
import type { DatasetSource } from './source.js'
import type { ModelInput } from './types.js'

/** @throws SquireError DATA or USER_SCRIPT when there is nothing to open, nothing in it, or nothing that feeds the model */
export async function openDataset(source: DatasetSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const dataset = await (source.kind === 'user' ? openUserDataset(source, inputs) : openPath(source, inputs))
  if (dataset.size <= MAX_SAMPLES) return dataset
  await dataset.close()
  throw new SquireError(
    'DATA',
    `the dataset has ${dataset.size} samples, more than the ${MAX_SAMPLES} that squire keeps an order of: give it a part of them`,
  )
}
