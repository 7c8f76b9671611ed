// Files appear whole and together: all are staged under temporary names in their folders, then renamed. Whatever fails before the
// first rename leaves the folder as it was.
//
// Several renames are not one, and a kill may come between two. The file that was staged last is the seal: the old one goes before any file
// is renamed, the new one comes last. Where the seal is there, every file beside it belongs to the same run.

import { randomUUID } from 'node:crypto'
import { lstat, mkdir, mkdtemp, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, SquireError } from '../errors.js'

/** What a file is to hold: a text, bytes, or bytes in pieces, which may be made as they are asked for. */
export type Content = string | Uint8Array | Iterable<Uint8Array>

/**
 * Writes files into a folder, which is made if it is not there.
 * @param files content by path relative to `dir`, with '/' between folders; the last one is the seal of the others
 * @param option what chooses the folder, for the message
 * @throws SquireError OUTPUT; temporary files and folders made for them are gone then
 */
export async function saveAll(
  dir: string,
  files: ReadonlyMap<string, Content>,
  option: FolderOption = '--save-dir',
): Promise<void> {
  const staging = new Staging(dir, option)
  await staging.add(files)
  await staging.commit()
}

/** The option that chooses a folder. */
type FolderOption = '--save-dir' | '--cache-distribution' | '--output'

interface Staged {
  readonly temporary: string
  readonly target: string
}

/** Files on their way into a folder: on disk under temporary names, until all of them are to appear. */
export class Staging {
  readonly #dir: string
  readonly #option: FolderOption
  readonly #staged: Staged[] = []
  readonly #made: string[] = []

  constructor(dir: string, option: FolderOption = '--save-dir') {
    this.#dir = dir
    this.#option = option
  }

  /** @throws SquireError OUTPUT; all that was staged is gone then */
  async add(files: ReadonlyMap<string, Content>): Promise<void> {
    try {
      for (const [name, content] of files) {
        const target = resolve(this.#dir, name)
        this.#made.push(...(await makeFolders(dirname(target))))
        await refuseFolder(target)
        const temporary = temporaryName(target)
        this.#staged.push({ temporary, target })
        await writeWhole(temporary, content)
      }
    } catch (error) {
      await this.discard()
      throw outputError(this.#dir, error, this.#option)
    }
  }

  /** Gives every file its name, the one that was staged last after all others. @throws SquireError OUTPUT */
  async commit(): Promise<void> {
    const seal = this.#staged.at(-1)
    const others = this.#staged.slice(0, -1)
    try {
      if (seal !== undefined && others.length > 0) {
        await rm(seal.target, { force: true })
        await syncFolders([seal])
        await renameAll(others)
        await syncFolders(others)
      }
      if (seal !== undefined) await renameAll([seal])
    } catch (error) {
      await this.discard()
      throw outputError(this.#dir, error, this.#option)
    }
    // Best effort: the files are written.
    await Promise.allSettled(this.#staged.map(({ target }) => clearLeftovers(target)))
  }

  /** Leaves nothing of what was staged. Best effort: whoever discards has another failure to tell. */
  async discard(): Promise<void> {
    await Promise.allSettled(this.#staged.map(({ temporary }) => rm(temporary, { force: true })))
    for (const folder of this.#made.reverse()) await Promise.allSettled([rmdir(folder)])
  }
}

/** A name beside the target that nobody can foresee: what lies there under a known name may be somebody's link. */
export function temporaryName(target: string): string {
  return join(dirname(target), `${temporaryStart(target)}${randomUUID()}.tmp`)
}

function temporaryStart(target: string): string {
  return `.${basename(target)}.`
}

/** Removes what killed runs had staged for a file. A run that is still at it staged its own after this process began. */
export async function clearLeftovers(target: string): Promise<void> {
  const folder = dirname(target)
  const start = temporaryStart(target)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !name.endsWith('.tmp')) continue
    const path = join(folder, name)
    const entry = await entryAt(path)
    if (entry !== undefined && entry.mtimeMs < performance.timeOrigin) await rm(path, { force: true })
  }
}

/**
 * Whether files can be written to a folder that may not be there yet: tried out in it, or in the nearest folder above that is, and undone.
 * @param option what chooses the folder, for the message
 * @throws SquireError OUTPUT
 */
export async function checkWritable(dir: string, option: FolderOption = '--save-dir'): Promise<void> {
  try {
    const trial = await mkdtemp(join(await nearestFolder(resolve(dir)), '.squire-'))
    await rmdir(trial)
  } catch (error) {
    throw outputError(dir, error, option)
  }
}

async function nearestFolder(path: string): Promise<string> {
  const entry = await entryAt(path)
  if (entry === undefined && (await entryAt(path, lstat)) !== undefined)
    throw new Error(`"${path}" is a link to nowhere`)
  if (entry === undefined) return nearestFolder(dirname(path))
  if (!entry.isDirectory()) throw new Error(`"${path}" is a file`)
  return path
}

/** undefined where there is nothing. */
async function entryAt(path: string, look: typeof stat | typeof lstat = stat) {
  try {
    return await look(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes a folder and what is missing above it; gives those made, outermost first. */
async function makeFolders(path: string): Promise<string[]> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return []
  const made = [path]
  while (made[0] !== first) made.unshift(dirname(made[0]!))
  return made
}

async function refuseFolder(target: string): Promise<void> {
  if ((await entryAt(target))?.isDirectory()) throw new Error(`"${target}" is a folder, a file is to go there`)
}

/** On disk before it gets its name, so that a name never stands for half a file, even after a power cut. */
async function writeWhole(path: string, content: Content): Promise<void> {
  const file = await open(path, 'wx')
  try {
    // Each call goes on where the last one ended.
    const whole = typeof content === 'string' || content instanceof Uint8Array
    for (const piece of whole ? [content] : content) await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function renameAll(staged: readonly Staged[]): Promise<void> {
  for (const { temporary, target } of staged) await rename(temporary, target)
}

/** What was renamed or removed in the folders of these files stays so after a power cut. Best effort: not every file system can. */
async function syncFolders(staged: readonly Staged[]): Promise<void> {
  const folders = new Set(staged.map(({ target }) => dirname(target)))
  await Promise.allSettled([...folders].map(syncFolder))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function outputError(dir: string, cause: unknown, option: FolderOption): SquireError {
  const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC'
  const advice = `Choose another folder with ${option}, or ${full ? 'make room' : 'make this one writable'}.`
  return new SquireError('OUTPUT', `cannot write to the output folder "${dir}": ${messageOf(cause)}. ${advice}`, {
    cause,
  })
}
