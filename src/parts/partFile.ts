// The file of a part: an Arrow IPC file with one row for each segment and observed tensor, and everything else in the schema's metadata.
//
//     segment   int32                           number of the segment in the metadata's `segments`
//     tensor    utf8
//     exponent  int32                           the histogram, as in histogram/statistics.ts
//     counts    fixed_size_list<uint64>[8192]
//     min, max  float64
//     zeros     uint64
//     count     uint64
//
// The metadata's `sha256` is that of the file with CHECKSUM_PLACE in its place. The same part gives the same bytes. Metric states are whatever a
// user's metric keeps; devalue writes them as text that holds no code.

import { createHash } from 'node:crypto'
import {
  Field,
  FixedSizeList,
  makeData,
  makeVector,
  Schema,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint64,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { parse, stringify } from 'devalue'
import type { PartSegment } from '../engine/part.js'
import { messageOf, SquireError } from '../errors.js'
import { isConsistent } from '../histogram/statistics.js'
import { type Histogram, NUM_BINS } from '../histogram/types.js'
import { float64Of, uint64Of } from '../histogram/uint64.js'
import type { Part } from './part.js'
import { numbersOf, type Range, rangesOf } from './ranges.js'

const FORMAT = 'squire part 1'
const CHECKSUM_PLACE = 'squire-checksum-'.repeat(4)

const COLUMNS =
  `segment: Int32, tensor: Utf8, exponent: Int32, counts: FixedSizeList[${NUM_BINS}]<Uint64>, ` +
  'min: Float64, max: Float64, zeros: Uint64, count: Uint64'

/** A segment but for its histograms, as the metadata has it. */
type SegmentRecord = Omit<PartSegment, 'histograms' | 'states'> & {
  readonly done: readonly Range[]
  readonly states: readonly unknown[]
}

/** @throws SquireError USER_SCRIPT when a metric's state holds what no file can */
export function encodePart(part: Part): Uint8Array {
  const rows = part.segments.flatMap(({ histograms }, segment) =>
    [...histograms].map(([tensor, histogram]) => ({ segment, tensor, ...histogram })),
  )
  const counts = makeData({
    type: new FixedSizeList(NUM_BINS, new Field('item', new Uint64())),
    length: rows.length,
    child: makeData({ type: new Uint64(), data: uint64Of(rows.map((row) => row.counts)) }),
  })
  const table = new Table({
    segment: makeVector(Int32Array.from(rows, (row) => row.segment)),
    tensor: vectorFromArray(
      rows.map((row) => row.tensor),
      new Utf8(),
    ),
    exponent: makeVector(Int32Array.from(rows, (row) => row.exponent)),
    counts: makeVector(counts),
    min: makeVector(Float64Array.from(rows, (row) => row.min)),
    max: makeVector(Float64Array.from(rows, (row) => row.max)),
    zeros: makeVector(uint64Of([rows.map((row) => row.zeros)])),
    count: makeVector(uint64Of([rows.map((row) => row.count)])),
  })
  const schema = new Schema(table.schema.fields, metadataOf(part))
  return sealed(tableToIPC(new Table(schema, table.batches), 'file'))
}

function metadataOf({ kind, key, contents, machines, skipped, segments }: Part): Map<string, string> {
  const sorted = Object.fromEntries(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)))
  const records = segments.map(({ histograms: _, states, ...rest }): SegmentRecord => {
    return { ...rest, done: rangesOf(states.keys()), states: [...states.values()] }
  })
  return new Map([
    ['format', FORMAT],
    ['kind', kind],
    ['key', JSON.stringify(sorted)],
    ['contents', contents.toString(16)],
    ['machines', JSON.stringify(machines)],
    ['skipped', JSON.stringify(skipped)],
    ['segments', statesAsText(records)],
    ['sha256', CHECKSUM_PLACE],
  ])
}

function statesAsText(records: readonly SegmentRecord[]): string {
  try {
    return stringify(records)
  } catch (cause) {
    throw new SquireError(
      'USER_SCRIPT',
      `the metric's state cannot be written to a file: ${messageOf(cause)}. Keep it in numbers, texts, arrays, objects, Maps and Sets.`,
      { cause },
    )
  }
}

/** Writes the checksum into the bytes, in place. */
function sealed(bytes: Uint8Array): Uint8Array {
  const digest = checksum(bytes)
  for (const at of placesOf(bytes, CHECKSUM_PLACE)) bytes.set(Buffer.from(digest, 'latin1'), at)
  return bytes
}

/** @throws Error unless the checksum is right */
function verify(bytes: Uint8Array, digest: string): void {
  const open = bytes.slice()
  for (const at of placesOf(open, digest)) open.set(Buffer.from(CHECKSUM_PLACE, 'latin1'), at)
  if (checksum(open) !== digest) throw new Error('it is damaged: its checksum is wrong')
}

/** The schema is in the file twice: before the rows, and in the footer. */
function placesOf(bytes: Uint8Array, text: string): number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const places: number[] = []
  for (let at = buffer.indexOf(text); at >= 0; at = buffer.indexOf(text, at + text.length)) places.push(at)
  return places
}

function checksum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A row as apache-arrow reads it. */
interface Row {
  readonly segment: number
  readonly tensor: string
  readonly exponent: number
  readonly counts: Vector<Uint64>
  readonly min: number
  readonly max: number
  readonly zeros: bigint
  readonly count: bigint
}

/**
 * Reads what encodePart wrote. `name` is for messages.
 * @throws SquireError PART when the bytes are not a whole part, or damaged
 */
export function decodePart(bytes: Uint8Array, name: string): Part {
  try {
    return decode(bytes)
  } catch (cause) {
    throw new SquireError(
      'PART',
      `${name} cannot be used: ${messageOf(cause)}. Expected a part as squire writes it; make it again.`,
      {
        cause,
      },
    )
  }
}

const MAGIC = 'ARROW1'

function decode(bytes: Uint8Array): Part {
  const has = (at: number) => Buffer.from(bytes.subarray(at, at + MAGIC.length)).toString('latin1') === MAGIC
  if (!has(0)) throw new Error('it is not an Arrow file')
  if (!has(bytes.length - MAGIC.length))
    throw new Error(`it is cut off: only its first ${bytes.length} bytes are there`)
  // Arrow views 64-bit columns in place, so the bytes must start at a multiple of 8.
  const table = tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes))
  const said = (name: string) => table.schema.metadata.get(name) ?? ''
  if (said('format') !== FORMAT) throw new Error(`its format is "${said('format')}", not "${FORMAT}"`)
  verify(bytes, said('sha256'))
  const columns = table.schema.fields.map((field) => `${field.name}: ${field.type}`).join(', ')
  if (columns !== COLUMNS) throw new Error(`its columns are (${columns}), not (${COLUMNS})`)
  const records = parse(said('segments')) as SegmentRecord[]
  const histograms = records.map(() => new Map<string, Histogram>())
  for (let i = 0; i < table.numRows; i++) {
    const row = table.get(i)?.toJSON() as unknown as Row
    histograms[row.segment]!.set(row.tensor, histogramOf(row))
  }
  return {
    kind: said('kind') as Part['kind'],
    key: JSON.parse(said('key')),
    contents: BigInt(`0x${said('contents')}`),
    machines: JSON.parse(said('machines')),
    skipped: JSON.parse(said('skipped')),
    segments: records.map(({ done, states, ...rest }, i) => ({
      ...rest,
      histograms: histograms[i]!,
      states: new Map(numbersOf(done).map((number, at) => [number, states[at]])),
    })),
  }
}

function histogramOf({ tensor, exponent, min, max, ...row }: Row): Histogram {
  const [zeros, count] = float64Of(BigUint64Array.of(row.zeros, row.count))
  const histogram = { exponent, counts: float64Of(row.counts.toArray()), min, max, zeros: zeros!, count: count! }
  if (!isConsistent(histogram)) throw new Error(`its numbers for tensor "${tensor}" contradict each other`)
  return histogram
}
