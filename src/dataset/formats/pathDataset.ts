// A folder or a file (-d) as squire takes it: its samples checked, failures named after the sample, labels measured by top-1.

import { createHash } from 'node:crypto'
import { inText, messageOf, SquireError } from '../../errors.js'
import { patiently } from '../../shortage.js'
import { addContents, dataDigest, NO_CONTENT, sampleContent } from '../identity.js'
import { topOneAndFive } from '../metrics.js'
import type { OpenedDataset } from '../opened.js'
import type { Contents, PathSource } from '../source.js'
import { sampleFeeds } from '../tensors/sampleFeeds.js'
import type { Metric, ModelInput } from '../types.js'
import { inspectPath, openContents } from './contents.js'

function unlessShortage(error: unknown): string {
  if (error instanceof SquireError && error.code === 'SHORTAGE') throw error
  return 'unreadable'
}

/** Samples whose content is looked at at the same time for the digest. */
const DIGESTED_AT_ONCE = 16

/** @throws SquireError DATA when there is nothing at the path, or nothing that feeds the model */
export async function openPath(source: PathSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const found = source.contents ?? (await inspectPath(source.path, inputs, source))
  const reader = await openContents(found, inputs, source.image)
  if (reader.size === 0) {
    await reader.close()
    throw new SquireError('DATA', `${source.path} (-d) holds no samples`)
  }
  if (source.needsLabels && !reader.labelled) {
    throw new SquireError(
      'DATA',
      `${source.path} (-d) has no labels: expected a folder for each class, or a list with a class after each path`,
    )
  }
  const named = async <T>(index: number, read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (cause) {
      throw new SquireError('DATA', `sample "${reader.id(index)}": ${readProblem(cause)}`, { cause })
    }
  }
  const listing = async (indices: Uint32Array): Promise<string> => {
    const hash = createHash('sha256').update(JSON.stringify([found.kind, source.image, ...imagesOf(found)]))
    for (const index of indices) hash.update(`${reader.id(index)}\n`)
    return hash.digest('hex')
  }
  const contents = async (indices: Uint32Array): Promise<bigint> => {
    let sum = NO_CONTENT
    for (let from = 0; from < indices.length; from += DIGESTED_AT_ONCE) {
      const some = [...indices.subarray(from, from + DIGESTED_AT_ONCE)]
      // A sample that cannot be read is reported when it is loaded, or skipped then.
      const prints = await Promise.all(
        some.map((index) =>
          patiently(`sample "${reader.id(index)}"`, () => reader.fingerprint(index)).catch(unlessShortage),
        ),
      )
      for (const [i, index] of some.entries()) sum = addContents(sum, sampleContent(reader.id(index), prints[i]!))
    }
    return sum
  }
  return {
    source: { ...source, contents: found },
    ...(source.inOrder ? { inOrder: true } : {}),
    size: reader.size,
    // Labels are class indices: whoever opens a labelled path gets them as numbers.
    metric: reader.labelled ? (topOneAndFive() as Metric) : undefined,
    id: reader.id,
    async load(index) {
      const sample = await named(index, () => reader.read(index))
      return { feeds: sampleFeeds(sample, inputs, reader.id(index)), label: sample.label }
    },
    ...(reader.labelled ? { classes: reader.classes } : {}),
    listing,
    contents,
    digest: async (indices) => dataDigest(await listing(indices), await contents(indices)),
    close: reader.close,
  }
}

/** How the images of each input become tensors, where the inputs differ in that. */
function imagesOf(contents: Contents): unknown[] {
  return contents.kind === 'files' ? contents.parts.flatMap(({ image }) => image ?? []) : []
}

/** Of a file that a list names and that is not there, the place where it was looked for. */
function readProblem(cause: unknown): string {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' && 'path' in cause
  return isMissing ? `there is no file ${inText(cause.path)}` : messageOf(cause)
}
