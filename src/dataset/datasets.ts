// Opens any source of samples, on the main thread and in workers, as one interface. What was listed once travels with `source`.

import { openPath } from './formats/pathDataset.js'
import type { OpenedDataset } from './opened.js'
import { openUserDataset } from './script/userDataset.js'
import type { DatasetSource } from './source.js'
import type { ModelInput } from './types.js'

/** @throws SquireError DATA or USER_SCRIPT when there is nothing to open, nothing in it, or nothing that feeds the model */
export function openDataset(source: DatasetSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  return source.kind === 'user' ? openUserDataset(source, inputs) : openPath(source, inputs)
}
