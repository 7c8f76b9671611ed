// How options are written on the command line: --long, or Knight's short name with one dash however many letters it has. Derived from a table.

import type { Foreign } from '../config/foreign.js'
import { flatten, type Option, type OptionTable, option } from '../config/option.js'
import { flag, path } from '../config/values.js'

/** Options of the command line itself, which no Config has. */
export const ownOptions = {
  runConfig: option(path('FILE'), {
    long: 'run-config',
    short: 'rc',
    group: 'Run',
    help: 'options from a JSON file, under "quant", by their long names; comments are allowed; the command line wins',
  }),
} as const

/** Options that every command has. */
const everywhere = {
  help: option(flag, { long: 'help', short: 'h', group: 'Options', help: 'this text', fallback: false }),
  version: option(flag, { long: 'version', short: 'v', group: 'Options', help: "squire's version", fallback: false }),
} as const

export interface Flag extends Option {
  /** The option's key in its table. */
  readonly key: string
}

export interface Flags {
  /** By long name, in the order of --help. */
  readonly byLong: ReadonlyMap<string, Flag>
  /** Every way to write an option -> its long name; those of `foreign` too. */
  readonly written: ReadonlyMap<string, string>
  readonly foreign: Readonly<Record<string, Foreign>>
}

export function flagsOf(table: OptionTable, foreign: Flags['foreign'] = {}): Flags {
  const entries = [...flatten(table), ...flatten(everywhere)].filter(([, { value }]) => value.form !== 'structure')
  const byLong = new Map(entries.map(([key, option]) => [option.long, { ...option, key }]))
  const names = [
    ...[...byLong.values()].map(({ long, short }) => ({ long, short })),
    ...Object.entries(foreign).map(([long, { short }]) => ({ long, short })),
  ]
  const written = new Map(
    names.flatMap(({ long, short }) => [
      [`--${long}`, long] as const,
      ...(short === undefined ? [] : [[`-${short}`, long] as const]),
    ]),
  )
  return { byLong, written, foreign }
}

/** `--quant-mode (-qm)`, for messages. */
export function display({ long, short }: { readonly long: string; readonly short?: string | undefined }): string {
  if (short === undefined) return `--${long}`
  return short === long ? `-${short}` : `--${long} (-${short})`
}
