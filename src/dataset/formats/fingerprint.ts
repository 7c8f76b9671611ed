// Identity of a file's content without reading all of it: its size, its first and its last bytes. Two versions of compressed images, and of
// arrays of the same shape, differ there; no identity rests on names, times or places, so data may be copied.

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

const EDGE_BYTES = 32 * 1024

/** Hex SHA-256 of a file's size and edges. */
export async function fileFingerprint(path: string): Promise<string> {
  const file = await open(path)
  try {
    return await rangeFingerprint(file, 0, (await file.stat()).size)
  } finally {
    await file.close()
  }
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

/** Bytes [start, start + length) of a file, fewer where it ends; in memory of their own. */
export async function readRange(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled)
    if (bytesRead === 0) return bytes.subarray(0, filled)
    filled += bytesRead
  }
  return bytes
}
