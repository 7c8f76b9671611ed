// What is in a tar file, found by its headers alone: the contents between them are skipped. A read takes a page, the least that a disk gives, which
// often holds the headers of several small members: a shard of a gigabyte costs a read or two of 4 KB for each sample.

import type { FileHandle } from 'node:fs/promises'
import type { HeaderData } from 'tar'
import { readRange } from '../fingerprint.js'

const BLOCK = 512
const PAGE = 4096
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
  // Loaded when first needed: few runs read tar files, and every worker knows the format.
  const { Header, Pax } = await import('tar')
  const blockAt = blocksOf(file)
  let own: HeaderData | undefined
  let global: HeaderData | undefined
  for (let at = 0; at + BLOCK <= end; ) {
    const header = new Header(await blockAt(at), 0, own, global)
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

/** Reads a block, from the page of the last read where that has it. */
function blocksOf(file: FileHandle): (at: number) => Promise<Buffer> {
  const page = Buffer.alloc(PAGE)
  let [from, to] = [0, 0]
  return async (at) => {
    if (at < from || at + BLOCK > to) {
      const { bytesRead } = await file.read(page, 0, PAGE, at)
      from = at
      to = at + bytesRead
    }
    if (at + BLOCK > to) throw new Error(`it is cut short at byte ${at}`)
    return page.subarray(at - from, at - from + BLOCK)
  }
}

async function text(file: FileHandle, start: number, size: number): Promise<string> {
  if (size > MOST_EXTENDED) throw new Error(`it is damaged: a name of ${size} bytes`)
  return Buffer.from(await readRange(file, start, size)).toString()
}
