// Streams one folder's entries. Names go into a compact table as they come: a million files take tens of megabytes.

import { opendir, stat } from 'node:fs/promises'
import path from 'node:path'
import { SquireError } from '../../../errors.js'
import { formatOf } from '../registry.js'
import type { Format } from '../types.js'
import { NameTableBuilder } from './nameTable.js'

export interface Listing {
  /** Files that can be samples, in the order in which they came. */
  readonly names: NameTableBuilder
  /** The first of them, and the kind all of them are of; undefined where there are none. */
  readonly first: string | undefined
  readonly format: Format | undefined
  /** Names of subfolders, sorted. */
  readonly folders: readonly string[]
}

export interface ListOptions {
  /** Only files of these extensions, in any case of letters, are samples. Default: of all that squire reads. */
  readonly extensions?: readonly string[]
  /** A listing that this one adds its names to. */
  readonly before?: Listing
  /** Put before each name. */
  readonly prefix?: string
  /** Absolute path of a folder that is passed over: where the run writes to. */
  readonly except?: string | undefined
  /** Name the files without their extension, which must then be the same for all. */
  readonly stems?: boolean
}

/** Hidden entries and files of other kinds are passed over. @throws SquireError DATA when there are samples of two kinds */
export async function listFiles(
  folder: string,
  { before, prefix = '', stems = false, extensions, except }: ListOptions = {},
): Promise<Listing> {
  const names = before?.names ?? new NameTableBuilder()
  const folders: string[] = []
  let { first, format } = before ?? {}
  for await (const entry of await opendir(folder, { bufferSize: 1024 })) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue
    const kind = entry.isSymbolicLink() ? await stat(path.join(folder, entry.name)) : entry
    if (kind.isDirectory() && path.resolve(folder, entry.name) !== except) folders.push(entry.name)
    const isWanted = extensions?.includes(path.extname(entry.name).toLowerCase()) ?? true
    const found = kind.isFile() && isWanted ? formatOf(entry.name) : undefined
    if (found === undefined) continue
    const name = prefix + entry.name
    first ??= name
    format ??= found
    const extension = path.extname(name)
    if (found !== format || (stems && extension !== path.extname(first))) {
      throw new SquireError(
        'DATA',
        `${folder} mixes kinds of samples: "${first}" and "${name}"; expected one ${stems ? 'extension' : 'kind'}`,
      )
    }
    names.add(stems ? name.slice(0, -extension.length) : name)
  }
  return { names, first, format, folders: folders.sort() }
}
