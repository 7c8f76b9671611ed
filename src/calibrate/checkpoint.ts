// Checkpoints: an unfinished fold, on disk. A file is written under a temporary name and renamed, so the last one is always whole;
// it carries the key of its work, so that it cannot be continued with another model, dataset or options.

import { mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import writeFileAtomic from 'write-file-atomic'
import type { Segment } from '../engine/chunks.js'
import type { FoldStore } from '../engine/datasetRunner.js'
import { emptyFold, type FoldState } from '../engine/fold.js'
import type { SkippedSample } from '../engine/protocol.js'
import { messageOf, SquireError } from '../errors.js'
import { decodeStatistics, encodeStatistics } from '../histogram/statistics.js'

/** Seconds between two periodic checkpoints: what a kill may cost. */
const PERIOD_SECONDS = 10

interface SavedSegment {
  readonly observed: number
  readonly folded: number
  readonly state: unknown
  readonly waiting: ReadonlyMap<number, unknown>
}

interface Progress {
  readonly segments: readonly SavedSegment[]
  readonly skipped: readonly SkippedSample[]
}

export class Checkpoint implements FoldStore {
  readonly path: string
  readonly #resume: boolean
  #lastWrite = performance.now()
  #writing: Promise<void> | undefined
  #written = false
  /** The outermost folder made for it. */
  #madeFolder: string | undefined

  constructor(path: string, resume: boolean) {
    this.path = path
    this.#resume = resume
  }

  async load(key: string, segments: readonly Segment[]): Promise<FoldState | undefined> {
    if (!this.#resume) return undefined
    let bytes: Uint8Array
    try {
      bytes = await readFile(this.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SquireError('CHECKPOINT', `cannot read the checkpoint ${this.path}: ${messageOf(error)}`)
    }
    return decodeCheckpoint(bytes, key, segments, this.path)
  }

  async saved(key: string, state: FoldState): Promise<void> {
    const due = performance.now() - this.#lastWrite > PERIOD_SECONDS * 1000
    if (due && this.#writing === undefined) await this.#write(key, state)
  }

  async flush(key: string, state: FoldState): Promise<void> {
    await this.#writing
    await this.#write(key, state)
  }

  async remove(): Promise<void> {
    await this.#writing
    await rm(this.path, { force: true })
  }

  /** Undoes what this run wrote: a run that has failed leaves nothing. The checkpoint of an earlier run stays. */
  async withdraw(): Promise<void> {
    await Promise.allSettled([this.#writing])
    if (!this.#written) return
    await this.remove()
    const outermost = this.#madeFolder?.length ?? Number.POSITIVE_INFINITY
    for (let folder = dirname(this.path); folder.length >= outermost; folder = dirname(folder)) {
      // Somebody may have put something there meanwhile.
      await Promise.allSettled([rmdir(folder)])
    }
  }

  async #write(key: string, state: FoldState): Promise<void> {
    // Encoded at once: the state goes on changing while the file is written.
    const bytes = encodeCheckpoint(key, state)
    this.#writing = mkdir(dirname(this.path), { recursive: true })
      .then((made) => {
        this.#madeFolder ??= made
        this.#written = true
        return writeFileAtomic(this.path, Buffer.from(bytes))
      })
      .catch((error: unknown) => {
        throw new SquireError('OUTPUT', `cannot write the checkpoint ${this.path}: ${messageOf(error)}`)
      })
      .finally(() => {
        this.#writing = undefined
        this.#lastWrite = performance.now()
      })
    await this.#writing
  }
}

function encodeCheckpoint(key: string, state: FoldState): Uint8Array {
  const progress: Progress = {
    segments: state.segments.map(({ histograms: _, ...rest }) => rest),
    skipped: state.skipped,
  }
  const tensors = new Map(
    state.segments.flatMap(({ histograms }, i) =>
      [...histograms].map(([name, histogram]) => [
        `${i}/${name}`,
        { ...histogram, operator: 'checkpoint', shape: [], observed: true },
      ]),
    ),
  )
  return encodeStatistics({ tensors, metadata: { key, progress: serialize(progress).toString('base64') } })
}

function decodeCheckpoint(bytes: Uint8Array, key: string, segments: readonly Segment[], path: string): FoldState {
  const { tensors, metadata } = decodeStatistics(bytes, `the checkpoint ${path}`)
  if (metadata.key !== key) {
    throw new SquireError(
      'CHECKPOINT',
      `the checkpoint ${path} belongs to another model, dataset or set of options (-i, -bs, --samples, --eval-iteration, ` +
        '--on-bad-sample); it cannot be resumed with these. Repeat the command it was made with, or leave --resume away to start anew.',
    )
  }
  const progress = deserialize(Buffer.from(metadata.progress ?? '', 'base64')) as Progress
  const state = emptyFold(segments)
  state.skipped.push(...progress.skipped)
  progress.segments.forEach((saved, i) => {
    const segment = state.segments[i]!
    segment.observed = saved.observed
    segment.folded = saved.folded
    segment.state = saved.state
    for (const [chunk, value] of saved.waiting) segment.waiting.set(chunk, value)
  })
  for (const [key, histogram] of tensors) {
    const slash = key.indexOf('/')
    state.segments[Number(key.slice(0, slash))]!.histograms.set(key.slice(slash + 1), histogram)
  }
  return state
}
