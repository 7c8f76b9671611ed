// Arrow IPC files that carry a checksum of themselves. Any Arrow reader opens them: a reader finds the batches through the footer, and the
// footer from the end, so the seal between the two is never looked at.
//
//     | ARROW1, batches, end of stream | seal: 32 bytes | footer | its length: int32 | ARROW1 |
//
// The seal is the SHA-256 of all other bytes. It is checked before anything is decoded. It tells damage, not forgery: whoever decodes a file
// still distrusts what is in it.

import '../files/arrowBounds.js'
import { createHash } from 'node:crypto'
import { AsyncByteQueue, type RecordBatch, RecordBatchFileWriter, RecordBatchReader, Schema } from 'apache-arrow'

const MAGIC = 'ARROW1'
const SEAL_BYTES = 32
/** The footer's length and the magic word. */
const TAIL_BYTES = 4 + MAGIC.length

/** Keeps what the writer writes as it is: the batches' own memory, without a copy. */
class Pieces extends AsyncByteQueue {
  readonly list: Uint8Array[] = []

  override write(piece: Uint8Array): void {
    this.list.push(piece)
  }
}

/** The file of some batches, at least one, to be written one piece after the other. Pieces view the memory of the batches. */
export function encodeSealed(
  batches: readonly [RecordBatch, ...RecordBatch[]],
  metadata: ReadonlyMap<string, string>,
): readonly Uint8Array[] {
  const pieces = new Pieces()
  const writer = new RecordBatchFileWriter()
  writer.reset(pieces, new Schema(batches[0].schema.fields, new Map(metadata)))
  for (const batch of batches) writer.write(batch)
  writer.finish()
  // The writer ends with three pieces: the footer, its length and the magic word.
  const body = pieces.list.slice(0, -3)
  const end = pieces.list.slice(-3)
  const hash = createHash('sha256')
  for (const piece of pieces.list) hash.update(piece)
  return [...body, hash.digest(), ...end]
}

/**
 * The batches of a sealed file, viewing its bytes, and its metadata.
 * @throws Error when it is no such file, is cut short or is damaged
 */
export function decodeSealed(bytes: Uint8Array): {
  readonly metadata: ReadonlyMap<string, string>
  readonly batches: readonly RecordBatch[]
} {
  checkSeal(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  // Arrow views 64-bit columns in place, so the bytes must start at a multiple of 8.
  const reader = RecordBatchReader.from(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes))
  reader.open({ autoDestroy: false })
  return { metadata: reader.schema.metadata, batches: [...reader] }
}

function checkSeal(bytes: Buffer): void {
  const has = (at: number) => bytes.toString('latin1', at, at + MAGIC.length) === MAGIC
  const size = bytes.length
  if (size < MAGIC.length || !has(0)) throw new Error('it is not an Arrow file')
  if (size < 2 * MAGIC.length + TAIL_BYTES || !has(size - MAGIC.length)) {
    throw new Error(`it is cut off: only its first ${size} bytes are there`)
  }
  const footerBytes = bytes.readInt32LE(size - TAIL_BYTES)
  const sealStart = size - TAIL_BYTES - footerBytes - SEAL_BYTES
  if (footerBytes < 0 || sealStart < MAGIC.length) throw damaged()
  const hash = createHash('sha256')
    .update(bytes.subarray(0, sealStart))
    .update(bytes.subarray(sealStart + SEAL_BYTES))
  if (!hash.digest().equals(bytes.subarray(sealStart, sealStart + SEAL_BYTES))) throw damaged()
}

function damaged(): Error {
  return new Error('it is damaged: its checksum is wrong')
}
