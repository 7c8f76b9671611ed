// `squire merge`: part files into one, in the memory of two.

import { basename, dirname } from 'node:path'
import { SquireError } from '../errors.js'
import { saveAll } from '../files/save.js'
import { type MergeOptions, mergeParts, requireWhole } from '../parts/merge.js'
import type { Part } from '../parts/part.js'
import { encodePart, readPart } from '../parts/partFile.js'

export interface MergeFilesOptions extends MergeOptions {
  /** Whether samples may be missing: the result is merged again later. */
  readonly partial: boolean
  /** Told after each file. */
  readonly onMerged?: (done: number) => void
}

/**
 * Merges parts, and merged parts, in any order. The same samples give the same bytes, however they were split and grouped.
 * @throws SquireError PART naming the files that are damaged, of different runs, or hold the same samples; OUTPUT
 */
export async function mergeFiles(paths: readonly string[], output: string, options: MergeFilesOptions): Promise<void> {
  const [first, ...more] = paths
  if (first === undefined) throw new SquireError('USAGE', 'squire merge: no parts were given')
  let merged = await readPart(first)
  options.onMerged?.(1)
  const holders = new Map(chunksIn(merged).map((chunk) => [chunk, first]))
  for (const [i, path] of more.entries()) {
    const part = await readPart(path)
    const chunks = chunksIn(part)
    const holder = chunks.map((chunk) => holders.get(chunk)).find((name) => name !== undefined)
    merged = mergeParts({ name: holder ?? first, part: merged }, { name: path, part }, options)
    for (const chunk of chunks) holders.set(chunk, path)
    options.onMerged?.(i + 2)
  }
  if (!options.partial) requireWhole({ name: `${paths.length} parts together`, part: merged })
  await saveAll(dirname(output), new Map([[basename(output), encodePart(merged)]]), '--output')
}

/** Names of a part's chunks, to remember which file they came from. */
function chunksIn({ segments }: Part): string[] {
  return segments.flatMap(({ states }, segment) => [...states.keys()].map((number) => `${segment}:${number}`))
}
