// What is in a tar file, found by its headers alone: the contents between them are skipped, so a shard of a gigabyte costs a few reads of half a
// kilobyte for each sample.

import type { FileHandle } from 'node:fs/promises'
import { Header, type HeaderData, Pax } from 'tar'
import { readRange } from '../fingerprint.js'

const BLOCK = 512
/** Names and attributes of a member: more is no tar file. */
const MOST_EXTENDED = 1 << 20

export interface Member {
  readonly path: string
  /** Where its content is in the file. */
  readonly start: number
  readonly size: number
}

/** The regular files in a tar file, in its order. @throws Error when it is no tar file, or cut short */
export async function* membersOf(file: FileHandle): AsyncGenerator<Member> {
  const { size: end } = await file.stat()
  if (end < BLOCK) throw new Error(`it is not a tar file: it has ${end} bytes`)
  let own: HeaderData | undefined
  let global: HeaderData | undefined
  for (let at = 0; at + BLOCK <= end; ) {
    const block = Buffer.from(await readRange(file, at, BLOCK))
    const header = new Header(block, 0, own, global)
    // Two empty blocks end the file.
    if (header.nullBlock) return
    if (!header.cksumValid) throw new Error(at === 0 ? 'it is not a tar file' : `it is damaged at byte ${at}`)
    const size = header.size ?? 0
    const start = at + BLOCK
    if (start + size > end)
      throw new Error(`it is cut short: "${header.path}" needs ${size} bytes at ${start}, the file has ${end}`)
    at = start + Math.ceil(size / BLOCK) * BLOCK
    const { type } = header
    if (type === 'ExtendedHeader') own = Pax.parse(await text(file, start, size), own, false)
    else if (type === 'GlobalExtendedHeader') global = Pax.parse(await text(file, start, size), global, true)
    else if (type === 'NextFileHasLongPath' || type === 'OldGnuLongPath') {
      own = { ...own, path: (await text(file, start, size)).replace(/\0.*$/s, '') }
    } else {
      if (type === 'File' || type === 'OldFile' || type === 'ContiguousFile')
        yield { path: header.path ?? '', start, size }
      own = undefined
    }
  }
}

async function text(file: FileHandle, start: number, size: number): Promise<string> {
  if (size > MOST_EXTENDED) throw new Error(`it is damaged: a name of ${size} bytes`)
  return Buffer.from(await readRange(file, start, size)).toString()
}
