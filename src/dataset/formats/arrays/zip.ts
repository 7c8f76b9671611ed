// The directory of a ZIP file, read from its end: where each entry's bytes are. Entries are never unpacked here.
// Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3 (zip64).

import type { FileHandle } from 'node:fs/promises'
import { SquireError } from '../../../errors.js'
import { readRange } from '../fingerprint.js'

export interface ZipEntry {
  readonly name: string
  readonly method: 'stored' | 'deflated'
  /** Byte of the file where the entry's data begin. */
  readonly start: number
  readonly packedSize: number
  readonly size: number
}

const END = 0x06054b50
const END64 = 0x06064b50
const END64_LOCATOR = 0x07064b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50

/** @throws SquireError DATA when the file is no ZIP file, or uses what numpy never does (encryption, other compressions) */
export async function readZipDirectory(file: FileHandle): Promise<ZipEntry[]> {
  const { offset, size, count } = await findDirectory(file)
  const directory = Buffer.from((await readRange(file, offset, size)).buffer)
  const entries: ZipEntry[] = []
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY) throw broken()
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(at + field),
    ) as [number, number, number]
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const sizes = wide(
      extra,
      [24, 20, 42].map((field) => directory.readUInt32LE(at + field)),
    )
    entries.push(await entryOf(file, name, directory.readUInt16LE(at + 10), directory.readUInt16LE(at + 8), sizes))
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

async function entryOf(
  file: FileHandle,
  name: string,
  method: number,
  flags: number,
  sizes: number[],
): Promise<ZipEntry> {
  const [size, packedSize, header] = sizes as [number, number, number]
  if ((method !== 0 && method !== 8) || (flags & 1) !== 0) {
    throw new SquireError(
      'DATA',
      `entry "${name}" is encrypted or packed with method ${method}: expected stored or deflated`,
    )
  }
  // The local header's name and extra field may be longer than the directory's.
  const local = Buffer.from((await readRange(file, header, 30)).buffer)
  if (local.length < 30 || local.readUInt32LE(0) !== LOCAL) throw broken()
  const start = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  return { name, method: method === 0 ? 'stored' : 'deflated', start, packedSize, size }
}

async function findDirectory(file: FileHandle): Promise<{ offset: number; size: number; count: number }> {
  const { size: fileSize } = await file.stat()
  const tailStart = Math.max(0, fileSize - 65557)
  const tail = Buffer.from((await readRange(file, tailStart, fileSize - tailStart)).buffer)
  let at = tail.length - 22
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--
  if (at < 0) throw broken()
  if (at < 20 || tail.readUInt32LE(at - 20) !== END64_LOCATOR) {
    return { count: tail.readUInt16LE(at + 10), size: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) }
  }
  const end = Buffer.from((await readRange(file, Number(tail.readBigUInt64LE(at - 12)), 56)).buffer)
  if (end.length < 56 || end.readUInt32LE(0) !== END64) throw broken()
  const [count, size, offset] = [32, 40, 48].map((field) => Number(end.readBigUInt64LE(field))) as [
    number,
    number,
    number,
  ]
  return { count, size, offset }
}

/** Fields that are all ones stand, in this order, in the zip64 extra field. */
function wide(extra: Buffer, fields: number[]): number[] {
  let at = 0
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2)
  at += 4
  return fields.map((field) => {
    if (field !== 0xffffffff) return field
    if (at + 8 > extra.length) throw broken()
    at += 8
    return Number(extra.readBigUInt64LE(at - 8))
  })
}

function broken(): SquireError {
  return new SquireError('DATA', 'is no ZIP file, or is cut short')
}
