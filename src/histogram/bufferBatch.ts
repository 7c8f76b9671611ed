// A buffer as Arrow sees it: the same shared memory under Arrow's names and types, without a copy. This is the one Arrow schema of statistics:
// checkpoints, caches and stats.arrow hold such batches. Apart from buffer.ts, because loading apache-arrow takes longer than a worker should
// take to start.
//
//     tensor    utf8
//     exponent  int32                            smallest k >= -149 with max|x| < 2^k
//     min, max  float64                          exact; +infinity and -infinity when nothing was seen
//     count     float64                          all values: a whole number below 2^53
//     zeros     float64                          values that are exactly zero
//     counts    fixed_size_list<float64>[8192]   bins of width 2^(k-12): 4096 of x >= 0, then 4096 of x < 0, both outwards from zero

import {
  type Data,
  Field,
  FixedSizeList,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { bufferColumns, createBuffer, type StatisticsBuffer, writeBuffer } from './buffer.js'
import { exponentOf } from './histogram.js'
import { EMPTY_EXPONENT, type Histogram, NUM_BINS } from './types.js'

/** One row a tensor; what the buffer's owner writes shows at once. `described` adds columns that say more about each tensor. */
export function bufferBatch(
  buffer: SharedArrayBuffer,
  tensors: readonly string[],
  described: Readonly<Record<string, Vector>> = {},
): RecordBatch {
  const { exponent, min, max, count, zeros, counts } = bufferColumns(buffer, tensors)
  const bins = new FixedSizeList(NUM_BINS, new Field('item', new Float64()))
  const columns: Readonly<Record<string, Data>> = {
    tensor: dataOf(vectorFromArray(tensors, new Utf8())),
    ...Object.fromEntries(Object.entries(described).map(([name, vector]) => [name, dataOf(vector)])),
    exponent: makeData({ type: new Int32(), data: exponent }),
    min: makeData({ type: new Float64(), data: min }),
    max: makeData({ type: new Float64(), data: max }),
    count: makeData({ type: new Float64(), data: count }),
    zeros: makeData({ type: new Float64(), data: zeros }),
    counts: makeData({
      type: bins,
      length: tensors.length,
      nullCount: 0,
      child: makeData({ type: new Float64(), data: counts }),
    }),
  }
  // The same fields however many rows there are: batches of one file must have one schema.
  const fields = Object.entries(columns).map(([name, { type }]) => new Field(name, type, false))
  const type = new Struct(fields)
  const rows = makeData({ type, length: tensors.length, nullCount: 0, children: Object.values(columns) })
  return new RecordBatch(new Schema(fields), rows)
}

/** A vector of one chunk, or of none where it is empty. */
function dataOf({ data, type }: Vector): Data {
  return data[0] ?? makeData({ type })
}

const columnTypes: Readonly<Record<string, string>> = {
  tensor: 'Utf8',
  exponent: 'Int32',
  min: 'Float64',
  max: 'Float64',
  count: 'Float64',
  zeros: 'Float64',
  counts: `FixedSizeList[${NUM_BINS}]<Float64>`,
}

/**
 * The statistics in a batch that was read from a file, as a buffer of its tensors; columns that describe are left out.
 * @throws Error when a column is missing or of another type, or numbers contradict each other
 */
export function bufferOf(batch: RecordBatch): StatisticsBuffer {
  for (const [name, type] of Object.entries(columnTypes)) {
    const found = batch.schema.fields.find((field) => field.name === name)?.type
    if (String(found) !== type) throw new Error(`its column "${name}" is ${found ?? 'missing'}, expected ${type}`)
  }
  const column = (name: string) => batch.getChild(name)!
  const tensors = [...column('tensor')] as string[]
  const values = (name: string) => column(name).toArray() as Float64Array
  const [exponent, min, max, count, zeros] = ['exponent', 'min', 'max', 'count', 'zeros'].map(values)
  const counts = column('counts').getChildAt(0)!.toArray() as Float64Array
  const buffer = createBuffer(tensors)
  writeBuffer(buffer, tensors, (i) => {
    const histogram = {
      exponent: exponent![i]!,
      min: min![i]!,
      max: max![i]!,
      count: count![i]!,
      zeros: zeros![i]!,
      counts: counts.subarray(i * NUM_BINS, (i + 1) * NUM_BINS),
    }
    if (isConsistent(histogram)) return histogram
    throw new Error(`its numbers for tensor "${tensors[i]}" contradict each other`)
  })
  return { tensors, buffer }
}

/** What holds for every histogram. */
function isConsistent({ exponent, counts, min, max, zeros, count }: Histogram): boolean {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
  if (counts.length !== NUM_BINS || !counts.every(isCount) || !isCount(zeros)) return false
  const sum = counts.reduce((total, bin) => total + bin, 0)
  if (sum !== count || zeros > counts[0]!) return false
  if (count === 0) return exponent === EMPTY_EXPONENT && min === Infinity && max === -Infinity
  const magnitude = Math.max(-min, max)
  return min <= max && magnitude < Infinity && exponent === exponentOf(magnitude)
}
