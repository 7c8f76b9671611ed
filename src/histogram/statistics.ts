// The file of a calibration's statistics (stats.arrow): an Arrow IPC file that any Arrow reader opens, one row a tensor.
//
//     tensor    utf8                            name in the float graph
//     operator  utf8                            what writes it
//     shape     list<int32>
//     observed  bool                            false: derived from other tensors' statistics
//     exponent  int32                           smallest k >= -149 with max|x| < 2^k
//     counts    fixed_size_list<uint64>[8192]   bins of width 2^(k-12): 4096 of x >= 0, then 4096 of x < 0, both outwards from zero
//     min, max  float64                         exact; +infinity and -infinity when nothing was seen
//     zeros     uint64                          values that are exactly zero
//     count     uint64                          all values
//     samples   uint64                          samples they come from; null where that was not recorded
//
// The schema's metadata says what they belong to. The same statistics give the same bytes.

import {
  Bool,
  Field,
  FixedSizeList,
  Int32,
  List,
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
import { messageOf, SquireError } from '../errors.js'
import { exponentOf } from './histogram.js'
import { EMPTY_EXPONENT, type Histogram, NUM_BINS } from './types.js'
import { float64Of, uint64Of } from './uint64.js'

export interface TensorStatistics extends Histogram {
  readonly operator: string
  readonly shape: readonly number[]
  /** Whether its values were counted; else the histogram is derived from others. */
  readonly observed: boolean
  /** How many samples the values come from, where that is recorded. */
  readonly samples?: number
}

export interface Statistics {
  readonly tensors: ReadonlyMap<string, TensorStatistics>
  readonly metadata: Readonly<Record<string, string>>
}

/** The file's bytes: rows in the order of `tensors`, metadata sorted by key. */
export function encodeStatistics({ tensors, metadata }: Statistics): Uint8Array {
  const rows = [...tensors.values()]
  const counts = makeData({
    type: new FixedSizeList(NUM_BINS, new Field('item', new Uint64())),
    length: rows.length,
    child: makeData({ type: new Uint64(), data: uint64Of(rows.map((row) => row.counts)) }),
  })
  const table = new Table({
    tensor: vectorFromArray([...tensors.keys()], new Utf8()),
    operator: vectorFromArray(
      rows.map((row) => row.operator),
      new Utf8(),
    ),
    shape: vectorFromArray(
      rows.map((row) => row.shape),
      new List(new Field('item', new Int32())),
    ),
    observed: vectorFromArray(
      rows.map((row) => row.observed),
      new Bool(),
    ),
    exponent: makeVector(Int32Array.from(rows, (row) => row.exponent)),
    counts: makeVector(counts),
    min: makeVector(Float64Array.from(rows, (row) => row.min)),
    max: makeVector(Float64Array.from(rows, (row) => row.max)),
    zeros: makeVector(uint64Of([rows.map((row) => row.zeros)])),
    count: makeVector(uint64Of([rows.map((row) => row.count)])),
    samples: vectorFromArray(
      rows.map(({ samples }) => (samples === undefined ? null : BigInt(samples))),
      new Uint64(),
    ),
  })
  const sorted = new Map(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  return tableToIPC(new Table(new Schema(table.schema.fields, sorted), table.batches), 'file')
}

const MAGIC = 'ARROW1'

const COLUMNS =
  'tensor: Utf8, operator: Utf8, shape: List<Int32>, observed: Bool, exponent: Int32, ' +
  `counts: FixedSizeList[${NUM_BINS}]<Uint64>, min: Float64, max: Float64, zeros: Uint64, count: Uint64, samples: Uint64`

/** A row as apache-arrow reads it. */
interface Row {
  readonly tensor: string
  readonly operator: string
  readonly shape: Vector<Int32>
  readonly observed: boolean
  readonly exponent: number
  readonly counts: Vector<Uint64>
  readonly min: number
  readonly max: number
  readonly zeros: bigint
  readonly count: bigint
  readonly samples: bigint | null
}

/**
 * Reads what encodeStatistics wrote. `path` is for messages.
 * @throws SquireError CACHE when the bytes are not a whole Arrow file, not of squire's statistics, or contradict themselves.
 */
export function decodeStatistics(bytes: Uint8Array, path = 'the statistics file'): Statistics {
  try {
    const table = readTable(bytes)
    const rows = Array.from({ length: table.numRows }, (_, i) => table.get(i)?.toJSON() as unknown as Row)
    const tensors = new Map(rows.map((row) => [row.tensor, statisticsOf(row)]))
    return { tensors, metadata: Object.fromEntries(table.schema.metadata) }
  } catch (cause) {
    throw new SquireError(
      'CACHE',
      `${path} cannot be used: ${messageOf(cause)}. Expected an Arrow IPC file of statistics as squire writes it; ` +
        'delete it, or name another file.',
      { cause },
    )
  }
}

function readTable(bytes: Uint8Array): Table {
  const has = (at: number) => Buffer.from(bytes.subarray(at, at + MAGIC.length)).toString('latin1') === MAGIC
  if (!has(0)) throw new Error('it is not an Arrow file')
  if (!has(bytes.length - MAGIC.length))
    throw new Error(`it is cut off: only its first ${bytes.length} bytes are there`)
  // Arrow views 64-bit columns in place, so the bytes must start at a multiple of 8.
  const table = tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes))
  const columns = table.schema.fields.map(({ name, type }) => `${name}: ${type}`).join(', ')
  if (columns !== COLUMNS) throw new Error(`its columns are (${columns}), not (${COLUMNS})`)
  return table
}

function statisticsOf({ tensor, operator, shape, observed, exponent, min, max, ...row }: Row): TensorStatistics {
  const [zeros, count] = float64Of(BigUint64Array.of(row.zeros, row.count))
  const counts = float64Of(row.counts.toArray())
  const statistics = {
    operator,
    shape: [...shape.toArray()],
    observed,
    exponent,
    counts,
    min,
    max,
    zeros: zeros!,
    count: count!,
  }
  if (!isConsistent(statistics)) throw new Error(`its numbers for tensor "${tensor}" contradict each other`)
  return row.samples === null ? statistics : { ...statistics, samples: Number(row.samples) }
}

/** What holds for every histogram: a damaged file is unlikely to keep it. */
export function isConsistent({ exponent, counts, min, max, zeros, count }: Histogram): boolean {
  const sum = counts.reduce((total, bin) => total + bin, 0)
  if (sum !== count || zeros > counts[0]!) return false
  if (count === 0) return exponent === EMPTY_EXPONENT
  const magnitude = Math.max(-min, max)
  return magnitude < Infinity && exponent === exponentOf(magnitude)
}
