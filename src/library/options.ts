// One object of options, as a caller of the library gives it, is three things: a configuration, data that are values, and hooks.

import type { DataValues } from '../calibrate/openOptions.js'
import { type Config, type ConfigOptions, makeConfig } from '../config/config.js'
import { SquireError } from '../errors.js'
import type { QuantizeOptions, RunHooks } from './libraryTypes.js'

export interface GivenOptions {
  readonly config: Config
  /** What `config` was made from. */
  readonly given: ConfigOptions
  readonly values: DataValues
  readonly hooks: RunHooks
}

/** @throws SquireError CONFIG */
export function partsOf({ signal, onProgress, reporter, dataset, infer, ...given }: QuantizeOptions): GivenOptions {
  if (dataset !== undefined && infer !== undefined) {
    throw new SquireError('CONFIG', 'option "dataset" and option "infer" exclude each other')
  }
  const values = { ...(dataset === undefined ? {} : { dataset }), ...(infer === undefined ? {} : { infer }) }
  return { config: makeConfig(given), given, values, hooks: { signal, onProgress, reporter } }
}
