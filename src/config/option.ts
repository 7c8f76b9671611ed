// What an option is: one entry says all there is to know of it. The command line, the JSON keys, the library's types, --help and completion follow.

import type { RunMode } from './options/words.js'
import type { Value } from './values.js'

/** Headings of --help. */
export type Group =
  | 'Model and output'
  | 'Changes to the model'
  | 'Data'
  | 'Quantization'
  | 'Evaluation'
  | 'Image files as data'
  | 'Several machines'
  | 'Cluster'
  | 'Run'
  | 'Options'
  | 'What is compared'
  | 'What is shown'

interface About {
  /** The name on the command line, without its dashes, and in JSON: Knight's where Knight has the option. */
  readonly long: string
  /** Knight's short name, without its dash; undefined for squire's own options. */
  readonly short?: string
  readonly group: Group
  readonly help: string
  /** false: it says where files are, how the work is done or what is shown, and no result depends on it. */
  readonly decides?: false
  /** The runs that read it; absent: all. Others warn of it where it is on the command line, and pass over it in a file that serves several runs. */
  readonly runs?: readonly RunMode[]
}

export interface Option<T = unknown, I = T> extends About {
  readonly value: Value<T, I>
  /** What stands where nothing is given; a function is asked each time. */
  readonly fallback: unknown
  /** The default in words, where it depends on other options: complete() in config.ts sets it. */
  readonly fallbackInWords: string | undefined
}

/** With a default. */
export function option<T, I>(value: Value<T, I>, about: About & { readonly fallback: I | (() => I) }): Option<T, I>
/** Undefined where it is not given; `fallbackInWords` says what complete() makes of that. */
export function option<T, I>(
  value: Value<T, I>,
  about: About & { readonly fallbackInWords?: string },
): Option<T | undefined, I>
export function option<T, I>(value: Value<T, I>, about: About & { fallback?: unknown; fallbackInWords?: string }) {
  return { fallback: undefined, fallbackInWords: undefined, ...about, value }
}

/** Options by the key that the library and the pipeline know them by; some lie in groups, as `image.mean`. */
export type OptionTable = Readonly<Record<string, Option | Readonly<Record<string, Option>>>>

/** The values of a table's options. */
export type ValuesOf<Table> = {
  readonly [K in keyof Table]: Table[K] extends Option<infer T, infer _I> ? T : ValuesOf<Table[K]>
}

/** What a caller of the library may write for them. */
export type InputsOf<Table> = {
  readonly [K in keyof Table]?: (Table[K] extends Option<infer _T, infer I> ? I : InputsOf<Table[K]>) | undefined
}

export function isOption(entry: OptionTable[string]): entry is Option {
  return 'value' in entry && 'long' in entry
}

/** Every option of a table by its key, as "image.mean". */
export function flatten(table: OptionTable): [key: string, option: Option][] {
  return Object.entries(table).flatMap(([key, entry]) =>
    isOption(entry) ? [[key, entry]] : Object.entries(entry).map(([inner, option]) => [`${key}.${inner}`, option]),
  ) as [string, Option][]
}
