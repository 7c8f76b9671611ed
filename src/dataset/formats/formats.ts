// Which kind of data a file's extension stands for.

import path from 'node:path'
import type { FileFormat } from '../source.js'

export type Format = FileFormat | 'arrow' | 'parquet'

const formats = new Map<string, Format>([
  ...['jpg', 'jpeg', 'png', 'webp', 'tif', 'tiff', 'avif', 'gif'].map((name) => [`.${name}`, 'image'] as const),
  ['.npy', 'npy'],
  ['.npz', 'npz'],
  ['.bin', 'bin'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
  ['.parquet', 'parquet'],
])

export const knownExtensions: readonly string[] = [...formats.keys()]

/** By the extension, in any case of letters; undefined: not data. */
export function formatOf(name: string): Format | undefined {
  return formats.get(path.extname(name).toLowerCase())
}

export function isTable(format: Format): format is 'arrow' | 'parquet' {
  return format === 'arrow' || format === 'parquet'
}
