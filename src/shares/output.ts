// Parts on disk: each run writes one, under the name that the user gave or one that says which it is.

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Config } from '../config/config.js'
import type { Chunk, Share } from '../engine/fold/chunks.js'
import type { SkippedSample } from '../engine/protocol.js'
import { saveAll } from '../files/save.js'
import type { Part, PartKind } from '../parts/part.js'
import { encodePart, readPart } from '../parts/partFile.js'

/** What a share of a run came to. */
export interface ShareResult {
  /** Absolute path of the part. */
  readonly path: string
  /** Samples in it, those skipped included; of an evaluation: in all models' measures. */
  readonly samples: number
  readonly skipped: number
  /** The part was there already: nothing was run. */
  readonly reused: boolean
}

/** The whole, where no share was asked for. */
export function shareOf({ part }: Config): Share {
  return part ?? { part: 1, of: 1 }
}

/** Where the part goes: in the order of shares, whatever sorts the names. */
export function partPath(config: Config, kind: PartKind): string {
  if (config.output !== undefined) return config.output
  const { part, of } = shareOf(config)
  const width = String(of).length
  return join(config.saveDir, `${kind}-${String(part).padStart(width, '0')}-of-${of}.arrow`)
}

export async function writePart(path: string, part: Part): Promise<void> {
  await saveAll(dirname(path), new Map([[basename(path), encodePart(part)]]), '--output')
}

/** Whether the very part that a run would write is there already. One that is another run's, or damaged, is written again. */
export async function isMade(path: string, key: Part['key'], chunks: readonly Chunk[]): Promise<boolean> {
  if (!existsSync(path)) return false
  const part = await readPart(path).catch(() => undefined)
  if (part === undefined || JSON.stringify(sorted(part.key)) !== JSON.stringify(sorted(key))) return false
  const held = part.segments.flatMap(({ states }, segment) =>
    [...states.keys()].map((number) => `${segment}:${number}`),
  )
  return JSON.stringify(held) === JSON.stringify(chunks.map(({ segment, number }) => `${segment}:${number}`))
}

function sorted(key: Part['key']): [string, string][] {
  return Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1))
}

export function resultOf(
  path: string,
  chunks: readonly Chunk[],
  skipped: readonly SkippedSample[],
  reused: boolean,
): ShareResult {
  return { path, samples: chunks.reduce((sum, { from, to }) => sum + to - from, 0), skipped: skipped.length, reused }
}

export function nothingToDo({ part, of }: Share, chunks: number): string {
  return `part ${part} of ${of} has no samples: they are cut into ${chunks} chunks, and more parts than that stand idle`
}
