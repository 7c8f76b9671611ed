// Marks an export as a dataset. The mark is a registered symbol, so a script may use another copy of the package than the command.

import type { Dataset, DatasetFactory, DatasetOptions } from '../types.js'

const mark = Symbol.for('squire-quant.dataset')

/** A dataset export: called by squire in every worker with the same options. */
export type DefinedDataset<State = unknown, Label = unknown> = (
  options: DatasetOptions,
) => Promise<Dataset<State, Label>>

/**
 * Declares a dataset for -if: a Dataset object, or a function that makes one from the command line's options. Checks the metric's
 * and the label's types against each other. A plain Dataset object may also be exported as it is.
 */
export function defineDataset<State = unknown, Label = unknown>(
  dataset:
    | Dataset<State, Label>
    | ((options: DatasetOptions) => Dataset<State, Label> | Promise<Dataset<State, Label>>),
): DefinedDataset<State, Label> {
  const make: DefinedDataset<State, Label> = async (options) =>
    typeof dataset === 'function' ? dataset(options) : dataset
  return Object.assign(make, { [mark]: true })
}

export function isDefinedDataset(value: unknown): value is DatasetFactory {
  return typeof value === 'function' && mark in value
}
