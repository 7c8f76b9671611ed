// Checkpoints: an unfinished fold, on disk. A file is written under a temporary name and renamed, so the last one is always whole;
// it carries what its work depends on, so that it cannot be continued with another model, dataset or options.
//
//     | SHA-256 of the rest | v8.serialize({ key, state }) |

import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { FoldStore } from '../engine/datasetRunner.js'
import type { FoldState } from '../engine/fold.js'
import { messageOf, SquireError } from '../errors.js'
import { squireVersion } from '../version.js'
import { differences, type Key } from './key.js'

/** Seconds between two periodic checkpoints: what a kill may cost. */
const PERIOD_SECONDS = Number(process.env.SQUIRE_CHECKPOINT_SECONDS ?? 10)

const CHECKSUM_BYTES = 32

interface Content {
  readonly key: Key
  readonly state: FoldState
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

  /** A run that starts anew has no use for an older checkpoint: were it started again after a crash, it would meet that one. */
  async load(key: Key): Promise<FoldState | undefined> {
    if (this.#resume) return this.#read(ownKey(key))
    await rm(this.path, { force: true })
    return undefined
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

  async #read(expected: Key): Promise<FoldState | undefined> {
    let bytes: Uint8Array
    try {
      bytes = await readFile(this.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SquireError('CHECKPOINT', `cannot read the checkpoint ${this.path}: ${messageOf(error)}`)
    }
    const content = decode(bytes)
    if (content === undefined) {
      throw new SquireError(
        'CHECKPOINT',
        `the checkpoint ${this.path} is damaged: its checksum is wrong. Leave --resume away to start anew.`,
      )
    }
    const reasons = differences(content.key, expected)
    if (reasons.length === 0) return content.state
    throw new SquireError(
      'CHECKPOINT',
      `the checkpoint ${this.path} does not belong to this run: ${reasons.join('; ')}. ` +
        'Repeat the command it was made with, or leave --resume away to start anew.',
    )
  }

  async #write(key: Key, state: FoldState): Promise<void> {
    // Encoded at once: the state goes on changing while the file is written.
    const bytes = encode({ key: ownKey(key), state })
    this.#writing = this.#replace(bytes)
      .catch((error: unknown) => {
        throw new SquireError('OUTPUT', `cannot write the checkpoint ${this.path}: ${messageOf(error)}`)
      })
      .finally(() => {
        this.#writing = undefined
        this.#lastWrite = performance.now()
      })
    await this.#writing
  }

  async #replace(bytes: Uint8Array): Promise<void> {
    const made = await mkdir(dirname(this.path), { recursive: true })
    this.#madeFolder ??= made
    this.#written = true
    // The name is always the same: what a killed run left is overwritten.
    const temporary = `${this.path}.tmp`
    try {
      const file = await open(temporary, 'w')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
    } catch (error) {
      // Best effort: the failure that is told is the first one. A checkpoint from before stays.
      await Promise.allSettled([rm(temporary, { force: true })])
      await this.#removeMadeFolders()
      throw error
    }
  }
}

/** How the work is cut into chunks is this version's own. */
function ownKey(key: Key): Key {
  return { ...key, 'squire version': squireVersion() }
}

function encode(content: Content): Uint8Array {
  const bytes = serialize(content)
  return Buffer.concat([checksum(bytes), bytes])
}

/** undefined when the file is not what encode() made. */
function decode(bytes: Uint8Array): Content | undefined {
  const rest = bytes.subarray(CHECKSUM_BYTES)
  if (!checksum(rest).equals(bytes.subarray(0, CHECKSUM_BYTES))) return undefined
  return deserialize(rest) as Content
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
