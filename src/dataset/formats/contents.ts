// From a path to a reader of samples: what is there is found out once, and opened in every thread.

import { stat } from 'node:fs/promises'
import path from 'node:path'
import { listed, messageOf, SquireError } from '../../errors.js'
import type { Contents, PathSource, Preprocessing } from '../source.js'
import type { ModelInput } from '../types.js'
import { openArrays } from './arrays/arrayReader.js'
import { openFiles } from './listing/fileReader.js'
import { listFolder, partFor } from './listing/listFolder.js'
import { listText } from './listing/listText.js'
import { NameTableBuilder } from './listing/nameTable.js'
import { formatOf, knownExtensions } from './registry.js'
import { openTables } from './tables/tables.js'
import { openTars } from './tar/tar.js'
import type { Reader } from './types.js'

/**
 * Finds out what is at a path.
 * @throws SquireError DATA naming the path, and what may be there
 */
export async function inspectPath(
  given: string,
  inputs: readonly ModelInput[],
  { scratch, output }: Pick<PathSource, 'scratch' | 'output'> = {},
): Promise<Contents> {
  const found = await stat(given).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${cause.message})`
    throw new SquireError('DATA', `${given} (-d): ${problem}`, { cause })
  })
  if (!found.isDirectory() && !found.isFile()) {
    throw new SquireError('DATA', `${given} (-d) is a pipe or a device: expected a folder or a file`)
  }
  try {
    return found.isDirectory() ? await listFolder(given, inputs, output) : await inspectFile(given, inputs, scratch)
  } catch (cause) {
    if (cause instanceof SquireError && cause.code !== 'DATA') throw cause
    const message = messageOf(cause)
    throw new SquireError('DATA', message.includes(given) ? message : `${given} (-d): ${message}`, { cause })
  }
}

async function inspectFile(
  file: string,
  inputs: readonly ModelInput[],
  scratch: string | undefined,
): Promise<Contents> {
  if (path.extname(file).toLowerCase() === '.txt') return listText(file, inputs)
  const format = formatOf(file)
  if (format === undefined) {
    throw new SquireError(
      'DATA',
      `${file} (-d) is no data that squire reads: expected a folder, or a file ending in ${listed([...knownExtensions, '.txt'])}. A .txt lists a path a line, with a label behind it where there is one.`,
    )
  }
  if (format.rows !== undefined) return format.rows.inspect([file], inputs, scratch)
  const names = new NameTableBuilder()
  names.add(path.basename(file))
  return { kind: 'files', parts: [partFor(inputs, path.dirname(file), format, names.build())], labels: undefined }
}

/** The samples of what was found, here or in another thread. */
export async function openContents(
  contents: Contents,
  inputs: readonly ModelInput[],
  image: Preprocessing,
): Promise<Reader> {
  switch (contents.kind) {
    case 'files':
      return openFiles(contents, inputs, image)
    case 'arrays':
      return openArrays(contents, inputs)
    case 'table':
      return openTables(contents, inputs, image)
    case 'tar':
      return openTars(contents, inputs, image)
  }
}
