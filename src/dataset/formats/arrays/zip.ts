// The entries of a ZIP file: where each one's bytes are, and unpacking them. yauzl reads the directory and checks it against the file.

import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Entry, Options, ZipFile } from 'yauzl'
import { complaintOf, messageOf, SquireError } from '../../../errors.js'

export interface ZipEntry {
  readonly name: string
  readonly method: 'stored' | 'deflated'
  /** Byte of the file where the entry's data begin. */
  readonly start: number
  /** Bytes, unpacked. */
  readonly size: number
  /** The unpacked bytes, piece by piece. What it throws need not name the entry. */
  unpacked(): Promise<Readable>
}

/** A byte of a deflated entry stands for no more than this many. Source: zlib, "Technical Details": 1032:1. */
const MOST_DEFLATED = 1032

/** @throws SquireError DATA when the file is no ZIP file, or uses what numpy never does (encryption, other compressions) */
export async function readZipDirectory(file: FileHandle): Promise<ZipEntry[]> {
  try {
    // Names are decoded here: yauzl refuses those that could not be files, but nothing is written under them.
    const options = { autoClose: false, lazyEntries: true, decodeStrings: false, validateEntrySizes: true } as const
    // Loaded when first needed: few runs read .npz files, and every worker knows the format.
    const { fromFd } = (await import('yauzl')).default
    const zip = await promisify<number, Options, ZipFile>(fromFd)(file.fd, options)
    const entries: ZipEntry[] = []
    for (const entry of await entriesOf(zip)) entries.push(await entryOf(zip, entry))
    return entries
  } catch (cause) {
    if (cause instanceof SquireError) throw cause
    const isWithoutEnd = /End of central directory/.test(messageOf(cause))
    const problem = isWithoutEnd ? 'is no ZIP file, or is cut short' : `is a damaged ZIP file: ${complaintOf(cause)}`
    throw new SquireError('DATA', problem, { cause })
  }
}

function entriesOf(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = []
    zip.on('error', reject)
    zip.on('end', () => resolve(entries))
    zip.on('entry', (entry) => {
      entries.push(entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

/** The local header's name and extra field may be longer than the directory's. */
function headerOf(zip: ZipFile, entry: Entry): Promise<{ readonly fileDataStart: number }> {
  return new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) => (error ? reject(error) : resolve(header)))
  })
}

async function entryOf(zip: ZipFile, entry: Entry): Promise<ZipEntry> {
  const { compressionMethod: method, compressedSize: packed, uncompressedSize: size } = entry
  const name = entry.fileNameRaw.toString()
  if ((method !== 0 && method !== 8) || entry.isEncrypted()) {
    throw new SquireError(
      'DATA',
      `entry "${name}" is encrypted or packed with method ${method}: expected stored or deflated`,
    )
  }
  if (size > (method === 0 ? packed : packed * MOST_DEFLATED) || packed > zip.fileSize) {
    throw new SquireError('DATA', `entry "${name}" says that ${packed} bytes unpack to ${size}: it is damaged`)
  }
  const { fileDataStart } = await headerOf(zip, entry)
  return {
    name,
    method: method === 0 ? 'stored' : 'deflated',
    start: fileDataStart,
    size,
    unpacked: () => promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry),
  }
}
