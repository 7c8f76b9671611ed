// Arrow IPC files and streams (.arrow, .feather). A file is a magic word, then the same messages as in a stream, then an index:
// walking the messages' headers finds every record batch without reading it. A batch is read together with the schema before it.
// Source: Arrow Columnar Format 1.5, "Serialization and Interprocess Communication".

import '../../../files/arrowBounds.js'
import type { FileHandle } from 'node:fs/promises'
import {
  CompressionType,
  compressionRegistry,
  DataType,
  type Field,
  Message,
  type RecordBatch,
  RecordBatchReader,
  Table,
  tableToIPC,
  Vector,
} from 'apache-arrow'
import { decompressZstd } from 'hyparquet-compressors'
import { SquireError } from '../../../errors.js'
import { withRegularFile } from '../../../files/regularFile.js'
import { readRange } from '../fingerprint.js'
import { decodeLz4Frame } from './lz4Frame.js'
import type { TableColumn, TableFile, TableGroup } from './tableFile.js'

/** A file begins and ends with it. */
const MAGIC = 'ARROW1'
const END_OF_STREAM_BYTES = 8
/** Bits of a byte, and what LZ4 packs into one. */
const MOST_ROWS_A_BYTE = 8 * 256
/** A worker holds two batches in memory. */
const MAX_BATCH_BYTES = 2 ** 30

compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame })
// Copied, for a buffer of its own: what the decoder returns may begin where 8-byte elements cannot.
compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => new Uint8Array(decompressZstd(bytes)) })

/** Bytes [start, start + length) of the file. */
interface Span {
  readonly start: number
  readonly length: number
}

interface Batch {
  readonly rows: number
  /** The dictionaries so far, and the batch. */
  readonly spans: readonly Span[]
}

interface Layout {
  /** The message that every stream begins with. */
  readonly schema: Uint8Array
  readonly batches: readonly Batch[]
}

/** @throws SquireError DATA when the file is not in Arrow IPC format */
export async function openArrowFile(path: string): Promise<TableFile> {
  const { schema, batches } = await withRegularFile(path, walk)
  const reader = RecordBatchReader.from(schema)
  reader.open()
  return {
    columns: reader.schema.fields.map(columnOf),
    groups: batches.map((batch) => batch.rows),
    readGroup: (group) =>
      withRegularFile(path, async (file) => {
        const bytes = await readSpans(file, batches[group]!.spans, schema)
        return groupOf([...RecordBatchReader.from(bytes)].at(-1)!)
      }),
  }
}

async function walk(file: FileHandle): Promise<Layout> {
  const { size } = await file.stat()
  const isFile = await hasMagic(file, 0)
  if (isFile && !(await hasMagic(file, size - MAGIC.length))) throw unreadable()
  let schema: Uint8Array | undefined
  const dictionaries: Span[] = []
  const batches: Batch[] = []
  for (let at = isFile ? 8 : 0; at + 8 <= size; ) {
    const head = Buffer.from(await readRange(file, at, 8))
    // Since Arrow 0.15 a marker of ones precedes the length.
    const marked = head.readInt32LE(0) === -1
    const prefix = marked ? 8 : 4
    const metadata = head.readInt32LE(marked ? 4 : 0)
    if (metadata === 0) break
    if (metadata < 0 || at + prefix + metadata > size) throw unreadable()
    const message = Message.decode(await readRange(file, at + prefix, metadata))
    const span = { start: at, length: prefix + metadata + message.bodyLength }
    if (span.length < prefix + metadata || span.start + span.length > size) throw unreadable()
    if (span.length > MAX_BATCH_BYTES) {
      throw new SquireError(
        'DATA',
        `has a record batch of ${span.length} bytes, more than ${MAX_BATCH_BYTES}: write it in batches of some hundred rows`,
      )
    }
    if (message.isSchema()) schema = await readRange(file, at, span.length)
    else if (message.isRecordBatch()) {
      const { length: rows, nodes } = message.header()
      // Every column has as many rows as the batch, and each row takes a bit at least, packed or not.
      if (nodes[0]?.length !== rows || rows > message.bodyLength * MOST_ROWS_A_BYTE) throw unreadable()
      batches.push({ rows, spans: [...dictionaries, span] })
    } else dictionaries.push(span)
    at += span.length
  }
  if (schema !== undefined) return { schema, batches }
  if (!isFile) throw unreadable()
  return { schema: await schemaOfIndex(file), batches }
}

/** apache-arrow's own writer puts the schema into a file's index only. */
async function schemaOfIndex(file: FileHandle): Promise<Uint8Array> {
  const reader = await RecordBatchReader.from(file)
  await reader.open({ autoDestroy: false })
  return tableToIPC(new Table(reader.schema, []), 'stream').subarray(0, -END_OF_STREAM_BYTES)
}

async function hasMagic(file: FileHandle, start: number): Promise<boolean> {
  return start >= 0 && Buffer.from(await readRange(file, start, MAGIC.length)).toString('latin1') === MAGIC
}

/** The spans' bytes, one after another, behind `head`. */
async function readSpans(file: FileHandle, spans: readonly Span[], head: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(spans.reduce((sum, span) => sum + span.length, head.length))
  bytes.set(head)
  let at = head.length
  for (const { start, length } of spans) {
    bytes.set(await readRange(file, start, length), at)
    at += length
  }
  return bytes
}

function columnOf({ name, type }: Field): TableColumn {
  const isBytes = (candidate: DataType) =>
    DataType.isBinary(candidate) || DataType.isLargeBinary(candidate) || DataType.isBinaryView(candidate)
  if (isBytes(type)) return { name, kind: 'bytes' }
  if (DataType.isStruct(type) && type.children.some((child) => child.name === 'bytes' && isBytes(child.type))) {
    return { name, kind: 'bytes' }
  }
  if (DataType.isFixedSizeList(type) || DataType.isList(type)) return { name, kind: 'list' }
  const scalar =
    DataType.isInt(type) || DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isDictionary(type)
  return { name, kind: scalar ? 'scalar' : 'other' }
}

function groupOf(batch: RecordBatch): TableGroup {
  return {
    cell(column, row) {
      const value: unknown = batch.getChild(column)?.get(row) ?? null
      return value instanceof Vector ? flat(value) : value
    },
  }
}

/** The numbers of a list cell, of nested lists too. */
function flat(vector: Vector): unknown {
  if (!DataType.isFixedSizeList(vector.type) && !DataType.isList(vector.type)) return vector.toArray()
  return [...vector].map((inner) => (inner instanceof Vector ? flat(inner) : inner))
}

function unreadable(): SquireError {
  return new SquireError('DATA', 'is not in Arrow IPC format, or is cut short')
}
