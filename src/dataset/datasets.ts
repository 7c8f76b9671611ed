// Opens any source of samples, on the main thread and in workers, as one interface. What was listed once travels with `source`.

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { listed, messageOf, SquireError } from '../errors.js'
import { inspectArrays, openArrays } from './formats/arrays/arrayReader.js'
import { openFiles } from './formats/fileReader.js'
import { formatOf, isTable, knownExtensions } from './formats/formats.js'
import { listFolder, partFor } from './formats/listing/listFolder.js'
import { listText } from './formats/listing/listText.js'
import { NameTableBuilder } from './formats/listing/nameTable.js'
import type { Reader } from './formats/reader.js'
import { inspectTables, openTables } from './formats/tables/tables.js'
import { topK } from './metrics.js'
import type { OpenedDataset } from './opened.js'
import { openUserDataset } from './script/userDataset.js'
import type { Contents, DatasetSource, PathSource } from './source.js'
import { sampleFeeds } from './tensors/sampleFeeds.js'
import type { Metric, ModelInput } from './types.js'

/** Samples whose content is looked at at the same time for the digest. */
const DIGESTED_AT_ONCE = 16

/** @throws SquireError DATA or USER_SCRIPT when there is nothing to open, nothing in it, or nothing that feeds the model */
export function openDataset(source: DatasetSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  return source.kind === 'user' ? openUserDataset(source, inputs) : openPath(source, inputs)
}

async function openPath(source: PathSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const contents = source.contents ?? (await inspect(source.path, inputs))
  const reader = await openContents(contents, inputs, source)
  if (reader.size === 0) throw new SquireError('DATA', `${source.path} (-d) holds no samples`)
  const named = async <T>(index: number, read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (cause) {
      throw new SquireError('DATA', `sample "${reader.id(index)}": ${messageOf(cause)}`, { cause })
    }
  }
  return {
    source: { ...source, contents },
    size: reader.size,
    // Labels are class indices: whoever opens a labelled path gets them as numbers.
    metric: reader.labelled ? (topK() as Metric) : undefined,
    id: reader.id,
    async load(index) {
      const sample = await named(index, () => reader.read(index))
      return { feeds: sampleFeeds(sample, inputs, reader.id(index)), label: sample.label }
    },
    ...(reader.labelled ? { classes: reader.classes } : {}),
    async digest(indices) {
      const hash = createHash('sha256').update(JSON.stringify([contents.kind, source.image]))
      for (let from = 0; from < indices.length; from += DIGESTED_AT_ONCE) {
        const some = [...indices.subarray(from, from + DIGESTED_AT_ONCE)]
        // A sample that cannot be read is reported when it is loaded, or skipped then.
        const prints = await Promise.all(some.map((index) => reader.fingerprint(index).catch(() => 'unreadable')))
        for (const [i, index] of some.entries()) hash.update(`${reader.id(index)}\0${prints[i]}\n`)
      }
      return hash.digest('hex')
    },
    close: reader.close,
  }
}

async function inspect(given: string, inputs: readonly ModelInput[]): Promise<Contents> {
  const found = await stat(given).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${cause.message})`
    throw new SquireError('DATA', `${given} (-d): ${problem}`, { cause })
  })
  try {
    return found.isDirectory() ? await listFolder(given, inputs) : await inspectFile(given, inputs)
  } catch (cause) {
    const message = messageOf(cause)
    throw new SquireError('DATA', message.includes(given) ? message : `${given} (-d): ${message}`, { cause })
  }
}

async function inspectFile(file: string, inputs: readonly ModelInput[]): Promise<Contents> {
  if (path.extname(file).toLowerCase() === '.txt') return listText(file, inputs)
  const format = formatOf(file)
  if (format === 'npy' || format === 'npz') return inspectArrays(file, inputs)
  if (format !== undefined && isTable(format)) return inspectTables([file], format, inputs)
  if (format === undefined) {
    throw new SquireError(
      'DATA',
      `${file} (-d) is no data that squire reads: expected a folder, or a file ending in ${listed([...knownExtensions, '.txt'])}`,
    )
  }
  const names = new NameTableBuilder()
  names.add(path.basename(file))
  return { kind: 'files', parts: [partFor(inputs, path.dirname(file), format, names.build())], labels: undefined }
}

async function openContents(contents: Contents, inputs: readonly ModelInput[], { image }: PathSource): Promise<Reader> {
  switch (contents.kind) {
    case 'files':
      return openFiles(contents, inputs, image)
    case 'arrays':
      return openArrays(contents, inputs)
    case 'table':
      return openTables(contents, inputs, image)
  }
}
