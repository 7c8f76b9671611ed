// Options by their long names, as a command line or a JSON file has them, brought into the form that makeConfig() takes.

import { SquireError } from '../errors.js'
import { foreign } from './foreign.js'
import { nearest } from './nearest.js'
import { flatten, type OptionTable } from './option.js'
import { options } from './options/index.js'

const known = new Set(flatten(options).map(([, { long }]) => long))

/** { 'image-mean': 1 } -> { image: { mean: 1 } }. All names are in the table. */
export function nested(byName: ReadonlyMap<string, unknown>, table: OptionTable = options): Record<string, unknown> {
  const byLong = new Map(flatten(table).map(([key, { long }]) => [long, key]))
  const result: Record<string, Record<string, unknown> | unknown> = {}
  for (const [long, value] of byName) {
    const [outer, inner] = byLong.get(long)!.split('.') as [string, string | undefined]
    if (inner === undefined) result[outer] = value
    else result[outer] = { ...(result[outer] as Record<string, unknown> | undefined), [inner]: value }
  }
  return result
}

/** @throws SquireError CONFIG for a long name that squire does not have, with the nearest that it has */
export function requireKnown(names: Iterable<string>, where: string): void {
  for (const name of names) {
    if (known.has(name)) continue
    const why = foreign[name]?.why
    if (why !== undefined) throw new SquireError('CONFIG', `${where}: "${name}" ${why}`)
    const near = nearest(name, known)
    const hint = near === undefined ? 'see `squire --help` for all options' : `did you mean "${near}"?`
    throw new SquireError('CONFIG', `${where}: unknown key "${name}"; ${hint}`)
  }
}
