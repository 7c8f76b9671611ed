// Knight's JSON configuration (-rc): an object "quant" whose keys are the long names of options, and the chip beside it, which Knight's other
// commands read too. Comments and trailing commas are allowed.

import type { ParseError } from 'jsonc-parser'
import { fileProblem, SquireError } from '../errors.js'
import { readRegularText } from '../files/regularFile.js'
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

/** JSON with comments and trailing commas. @throws SquireError CONFIG */
export async function readJson(path: string): Promise<unknown> {
  const { parse, printParseErrorCode } = await import('jsonc-parser')
  let text: string
  try {
    text = (await readRegularText(path)).replace(/^\uFEFF/, '')
  } catch (cause) {
    throw new SquireError('CONFIG', `cannot read the configuration ${path}: ${fileProblem(cause)}`, { cause })
  }
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first === undefined) return value
  const line = text.slice(0, first.offset).split('\n').length
  throw new SquireError('CONFIG', `${path}:${line}: this is no JSON: ${printParseErrorCode(first.error)}`)
}

function isObject(value: unknown, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new SquireError('CONFIG', expected)
}
