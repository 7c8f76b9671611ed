// One object of options, as a caller of the library gives it, is three things: a configuration, data that are values, and hooks.

import type { DataValues } from '../calibrate/openOptions.js'
import { type Config, type ConfigOptions, makeConfig } from '../config/config.js'
import { inText, SquireError } from '../errors.js'
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
  requireHooks(signal, onProgress)
  const values = { ...(dataset === undefined ? {} : { dataset }), ...(infer === undefined ? {} : { infer }) }
  return { config: makeConfig(given), given, values, hooks: { signal, onProgress, reporter } }
}

/** A program in JavaScript may give anything. */
function requireHooks(signal: Partial<AbortSignal> | null | undefined, onProgress: unknown): void {
  // Not by its class: a signal of another realm is as good.
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new SquireError('CONFIG', `option "signal": expected an AbortSignal, got ${inText(signal)}`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new SquireError('CONFIG', `option "onProgress": expected a function, got ${inText(onProgress)}`)
  }
}
