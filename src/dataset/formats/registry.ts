// Every format that squire reads without code. A new format is a file that exports a Format, and a line here.

import path from 'node:path'
import type { FormatName } from '../source.js'
import { bin } from './arrays/bin.js'
import { npy } from './arrays/npy.js'
import { npz } from './arrays/npz.js'
import { image } from './image/image.js'
import { arrow } from './tables/arrow.js'
import { parquet } from './tables/parquet.js'
import { tar } from './tar/tar.js'
import type { Format } from './types.js'

export const formats: readonly Format[] = [image, npy, npz, bin, arrow, parquet, tar]

export const knownExtensions: readonly string[] = formats.flatMap(({ extensions }) => extensions)

/** By the extension, in any case of letters; undefined: not data. */
export function formatOf(name: string): Format | undefined {
  const extension = path.extname(name).toLowerCase()
  return formats.find(({ extensions }) => extensions.includes(extension))
}

export function formatNamed(name: FormatName): Format {
  return formats.find((format) => format.name === name)!
}
