// Checkpoints: when the state of an unfinished fold is written and read. A file is written under a temporary name and renamed, so the last one is
// always whole; it carries what its work depends on, so that it cannot be continued with another model, dataset or options.

import { closeSync, openSync, writeSync } from 'node:fs'
import { lstat, mkdir, open, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FoldState } from '../../engine/fold/foldState.js'
import { complaintOf, messageOf, SquireError } from '../../errors.js'
import { readRegular } from '../../files/regularFile.js'
import { clearLeftovers, temporaryName } from '../../files/save.js'
import { squireVersion } from '../../version.js'
import type { FoldStore } from '../dataset/datasetRun.js'
import { decodeCheckpoint, encodeCheckpoint } from './checkpointFile.js'
import { differences, type Key } from './key.js'

/** Seconds between two periodic checkpoints: what a kill may cost. */
const PERIOD_SECONDS = Number(process.env.SQUIRE_CHECKPOINT_SECONDS ?? 10)

/**
 * How a run takes a checkpoint that lies there. anew: it is removed. resume: the user wants to go on from it, so one that does not fit is an error.
 * restart: the supervisor started the engine again; the engine that crashed may have written the checkpoint or not yet removed an older one.
 */
export type CheckpointUse = 'anew' | 'resume' | 'restart'

export class Checkpoint implements FoldStore {
  readonly path: string
  readonly #use: CheckpointUse
  #lastWrite = performance.now()
  #writing: Promise<void> | undefined
  #written = false
  /** The outermost folder made for it. */
  #madeFolder: string | undefined

  constructor(path: string, use: CheckpointUse) {
    this.path = path
    this.#use = use
  }

  /** First thing in a run, so that no crash later meets the checkpoint of another. @throws SquireError CHECKPOINT when the path is a folder */
  async begin(): Promise<void> {
    const found = await lstat(this.path).catch(() => undefined)
    if (found?.isDirectory()) {
      throw new SquireError(
        'CHECKPOINT',
        `${this.path}, where the checkpoint is to go, is a folder. Remove it, or choose another folder with --save-dir.`,
      )
    }
    if (this.#use === 'anew') await this.remove()
  }

  async load(key: Key, empty: FoldState): Promise<FoldState | undefined> {
    try {
      return this.#use === 'anew' ? undefined : await this.#read(ownKey(key), empty)
    } catch (error) {
      if (this.#use === 'resume') throw error
      await this.remove()
      return undefined
    }
  }

  async saved(key: Key, state: FoldState): Promise<void> {
    const due = performance.now() - this.#lastWrite > PERIOD_SECONDS * 1000
    if (due && this.#writing === undefined) await this.#write(key, state)
  }

  async flush(key: Key, state: FoldState): Promise<void> {
    await this.#writing
    await this.#write(key, state)
  }

  async remove(): Promise<void> {
    await this.#writing
    await rm(this.path, { force: true })
    // Best effort: a folder that is not there holds nothing.
    await Promise.allSettled([clearLeftovers(this.path)])
  }

  /** Undoes what this run wrote: a run that has failed leaves nothing. What a resumed run started from stays. */
  async withdraw(): Promise<void> {
    await Promise.allSettled([this.#writing])
    if (!this.#written) return
    await this.remove()
    await this.#removeMadeFolders()
  }

  async #removeMadeFolders(): Promise<void> {
    const outermost = this.#madeFolder?.length ?? Number.POSITIVE_INFINITY
    for (let folder = dirname(this.path); folder.length >= outermost; folder = dirname(folder)) {
      // Somebody may have put something there meanwhile.
      await Promise.allSettled([rmdir(folder)])
    }
  }

  async #read(expected: Key, empty: FoldState): Promise<FoldState | undefined> {
    try {
      return decodeCheckpoint(await readRegular(this.path), empty, (key) => this.#refuseForeign(key, expected))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      if (error instanceof SquireError) throw error
      throw new SquireError(
        'CHECKPOINT',
        `the checkpoint ${this.path} cannot be used: ${complaintOf(error)}. Leave --resume away to start anew.`,
        { cause: error },
      )
    }
  }

  #refuseForeign(found: Readonly<Record<string, string | undefined>>, expected: Key): void {
    const reasons = differences(found, expected)
    if (reasons.length === 0) return
    throw new SquireError(
      'CHECKPOINT',
      `the checkpoint ${this.path} does not belong to this run: ${reasons.join('; ')}. ` +
        'Repeat the command it was made with, or leave --resume away to start anew.',
    )
  }

  async #write(key: Key, state: FoldState): Promise<void> {
    this.#writing = this.#replace(key, state)
      .catch((error: unknown) => {
        if (error instanceof SquireError) throw error
        throw new SquireError(
          'OUTPUT',
          `cannot write the checkpoint ${this.path}: ${messageOf(error)}. Make room there, or choose another folder with --save-dir.`,
          {
            cause: error,
          },
        )
      })
      .finally(() => {
        this.#writing = undefined
        this.#lastWrite = performance.now()
      })
    await this.#writing
  }

  async #replace(key: Key, state: FoldState): Promise<void> {
    const made = await mkdir(dirname(this.path), { recursive: true })
    this.#madeFolder ??= made
    this.#written = true
    const temporary = temporaryName(this.path)
    try {
      writeAtOnce(temporary, encodeCheckpoint(ownKey(key), state))
      const file = await open(temporary, 'r+')
      await file.sync().finally(() => file.close())
      await rename(temporary, this.path)
    } catch (error) {
      // Best effort: the failure that is told is the first one. A checkpoint from before stays.
      await Promise.allSettled([rm(temporary, { force: true })])
      await this.#removeMadeFolders()
      throw error
    }
  }
}

/** Without a pause: the pieces view a state that goes on changing while others run. */
function writeAtOnce(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
  } finally {
    closeSync(file)
  }
}

/** How the work is cut into chunks is this version's own. */
function ownKey(key: Key): Key {
  return { ...key, 'squire version': squireVersion() }
}
