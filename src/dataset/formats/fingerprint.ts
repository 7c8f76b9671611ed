// Identity of a file's content without reading all of it: its size, its first and its last bytes. Two versions of compressed images, and of
// arrays of the same shape, differ there; no identity rests on names, times or places, so data may be copied.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { withRegularFile } from '../../files/regularFile.js'

const EDGE_BYTES = 32 * 1024

/** Hex SHA-256 of a file's size and edges. */
export function fileFingerprint(path: string): Promise<string> {
  return withRegularFile(path, async (file) => rangeFingerprint(file, 0, (await file.stat()).size))
}

/** Hex SHA-256 of the length and the edges of the bytes [start, start + length). */
export async function rangeFingerprint(file: FileHandle, start: number, length: number): Promise<string> {
  const hash = createHash('sha256').update(`${length}:`)
  const head = Math.min(length, EDGE_BYTES)
  const tail = Math.min(length - head, EDGE_BYTES)
  hash.update(await readRange(file, start, head))
  hash.update(await readRange(file, start + length - tail, tail))
  return hash.digest('hex')
}

/** What one call reads: Node ends the process where it is asked for 2 GiB. */
const READ_BYTES = 2 ** 30

/** Bytes [start, start + length) of a file, fewer where it ends; in memory of their own. A length that lies costs no memory. */
export async function readRange(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  if (start < 0 || length < 0) throw new RangeError(`bytes ${start} to ${start + length} are in no file`)
  const { size } = await file.stat()
  const bytes = new Uint8Array(Math.max(0, Math.min(length, size - start)))
  let filled = 0
  while (filled < bytes.length) {
    const count = Math.min(READ_BYTES, bytes.length - filled)
    const { bytesRead } = await file.read(bytes, filled, count, start + filled)
    if (bytesRead === 0) return bytes.subarray(0, filled)
    filled += bytesRead
  }
  return bytes
}
