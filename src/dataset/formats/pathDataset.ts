// A folder or a file (-d) as squire takes it: its samples checked, failures named after the sample, labels measured by top-1.

import { createHash } from 'node:crypto'
import { messageOf, SquireError } from '../../errors.js'
import { topK } from '../metrics.js'
import type { OpenedDataset } from '../opened.js'
import type { PathSource } from '../source.js'
import { sampleFeeds } from '../tensors/sampleFeeds.js'
import type { Metric, ModelInput } from '../types.js'
import { inspectPath, openContents } from './contents.js'

/** Samples whose content is looked at at the same time for the digest. */
const DIGESTED_AT_ONCE = 16

/** @throws SquireError DATA when there is nothing at the path, or nothing that feeds the model */
export async function openPath(source: PathSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const contents = source.contents ?? (await inspectPath(source.path, inputs))
  const reader = await openContents(contents, inputs, source.image)
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
