// Knight's JSON configuration (-rc): an object "quant" whose keys are the long names of options, and the chip beside it, which Knight's other
// commands read too. Comments and trailing commas are allowed.

import { SquireError } from '../errors.js'
import { readJson } from './json.js'
import { requireKnown } from './longNames.js'

export interface RunConfig {
  /** Options by their long names, unread. */
  readonly options: ReadonlyMap<string, unknown>
  /** Other top-level objects, which are for other commands of Knight's. */
  readonly ignored: readonly string[]
}

/** @throws SquireError CONFIG when the file cannot be read, is no JSON, or has keys that squire does not know */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const { quant, chip, ...rest } = isObject(await readJson(path), `${path}: expected { "quant": { ... } }`)
  const given = isObject(quant, `${path}: expected an object "quant" whose keys are the long names of options`)
  const options = new Map(
    Object.entries({ chip, ...given }).filter(([, value]) => value !== null && value !== undefined),
  )
  requireKnown(options.keys(), `${path}, "quant"`)
  return { options, ignored: Object.keys(rest) }
}

function isObject(value: unknown, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new SquireError('CONFIG', expected)
}
