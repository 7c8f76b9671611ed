// Many tensors' statistics in one SharedArrayBuffer, column by column as Arrow lays them out (bufferBatch.ts views them without a copy).
// A buffer has one owner at a time, who writes it and hands it over. Its version says how far that got: 0 never written, odd being
// written, even whole. Every column starts at a multiple of 64 bytes:
//
//     | int32 version, numTensors | int32 exponent[N] | float64 min[N] | max[N] | count[N] | zeros[N] | counts[N][NUM_BINS] |

import { emptyHistogram, mergeInto } from './histogram.js'
import { type Histogram, NUM_BINS } from './types.js'

/** A buffer, and the tensors that its rows are of. */
export interface StatisticsBuffer {
  readonly tensors: readonly string[]
  readonly buffer: SharedArrayBuffer
}

/** The statistics of so many samples. */
export interface SomeStatistics {
  readonly samples: number
  readonly statistics: StatisticsBuffer
}

/** Views of a buffer, one row a tensor. */
export interface BufferColumns {
  readonly exponent: Int32Array<SharedArrayBuffer>
  readonly min: Float64Array<SharedArrayBuffer>
  readonly max: Float64Array<SharedArrayBuffer>
  readonly count: Float64Array<SharedArrayBuffer>
  readonly zeros: Float64Array<SharedArrayBuffer>
  /** NUM_BINS a row. */
  readonly counts: Float64Array<SharedArrayBuffer>
}

const ALIGNMENT = 64
const VERSION = 0
const NUM_TENSORS = 1

export function createBuffer(tensors: readonly string[]): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(starts(tensors.length).end)
  header(buffer)[NUM_TENSORS] = tensors.length
  return buffer
}

/** A buffer of histograms that have seen nothing, to add others to. */
export function emptyBuffer(tensors: readonly string[]): SharedArrayBuffer {
  const buffer = createBuffer(tensors)
  writeBuffer(buffer, tensors, emptyHistogram)
  return buffer
}

/** A buffer that holds these histograms, in their order. */
export function bufferFrom(histograms: ReadonlyMap<string, Histogram>): SharedArrayBuffer {
  const tensors = [...histograms.keys()]
  const rows = [...histograms.values()]
  const buffer = createBuffer(tensors)
  writeBuffer(buffer, tensors, (i) => rows[i]!)
  return buffer
}

/** Writes the statistics of every tensor: `read(i, counts)` gives those of tensor number i, and may write their counts into `counts` itself. */
export function writeBuffer(
  buffer: SharedArrayBuffer,
  tensors: readonly string[],
  read: (i: number, counts: Float64Array) => Histogram,
): void {
  const columns = bufferColumns(buffer, tensors)
  const odd = Atomics.load(header(buffer), VERSION) | 1
  Atomics.store(header(buffer), VERSION, odd)
  for (let i = 0; i < tensors.length; i++) {
    const counts = columns.counts.subarray(i * NUM_BINS, (i + 1) * NUM_BINS)
    const histogram = read(i, counts)
    if (histogram.counts !== counts) counts.set(histogram.counts)
    setRow(columns, i, histogram)
  }
  Atomics.store(header(buffer), VERSION, odd + 1)
}

/** The statistics of every tensor, in the order of their names. Their counts view the buffer: merge or copy them before it is written again. */
export function readBuffer(buffer: SharedArrayBuffer, tensors: readonly string[]): Map<string, Histogram> {
  const columns = wholeColumns(buffer, tensors)
  return new Map(tensors.map((name, i) => [name, rowOf(columns, i)]))
}

/** readBuffer of a buffer that brings its names. */
export function histogramsOf({ tensors, buffer }: StatisticsBuffer): Map<string, Histogram> {
  return readBuffer(buffer, tensors)
}

/** Adds the statistics in `buffer` to those in `sum`, in place. */
export function addBuffer(sum: SharedArrayBuffer, buffer: SharedArrayBuffer, tensors: readonly string[]): void {
  const [into, from] = [wholeColumns(sum, tensors), wholeColumns(buffer, tensors)]
  for (let i = 0; i < tensors.length; i++) setRow(into, i, mergeInto(rowOf(into, i), rowOf(from, i)))
}

function wholeColumns(buffer: SharedArrayBuffer, tensors: readonly string[]): BufferColumns {
  const version = Atomics.load(header(buffer), VERSION)
  if (version === 0 || version % 2 === 1) {
    throw new Error(
      `buffer version ${version}: its owner ${version === 0 ? 'never wrote it' : 'did not finish writing it'}`,
    )
  }
  return bufferColumns(buffer, tensors)
}

function rowOf({ exponent, min, max, count, zeros, counts }: BufferColumns, i: number): Histogram {
  return {
    exponent: exponent[i]!,
    counts: counts.subarray(i * NUM_BINS, (i + 1) * NUM_BINS),
    min: min[i]!,
    max: max[i]!,
    count: count[i]!,
    zeros: zeros[i]!,
  }
}

/** All of a row but its counts, which are in place. */
function setRow(columns: BufferColumns, i: number, histogram: Histogram): void {
  columns.exponent[i] = histogram.exponent
  columns.min[i] = histogram.min
  columns.max[i] = histogram.max
  columns.count[i] = histogram.count
  columns.zeros[i] = histogram.zeros
}

export function bufferColumns(buffer: SharedArrayBuffer, tensors: readonly string[]): BufferColumns {
  const rows = tensors.length
  const held = header(buffer)[NUM_TENSORS]
  if (held !== rows) throw new Error(`a buffer of ${held} tensors was opened with ${rows} names`)
  const at = starts(rows)
  return {
    exponent: new Int32Array(buffer, at.exponent, rows),
    min: new Float64Array(buffer, at.min, rows),
    max: new Float64Array(buffer, at.max, rows),
    count: new Float64Array(buffer, at.count, rows),
    zeros: new Float64Array(buffer, at.zeros, rows),
    counts: new Float64Array(buffer, at.counts, rows * NUM_BINS),
  }
}

function header(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, 2)
}

/** Where each column of `rows` rows starts, in bytes. */
function starts(rows: number) {
  const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
  const exponent = ALIGNMENT
  const min = exponent + aligned(4 * rows)
  const column = aligned(8 * rows)
  const counts = min + 4 * column
  return {
    exponent,
    min,
    max: min + column,
    count: min + 2 * column,
    zeros: min + 3 * column,
    counts,
    end: counts + 8 * rows * NUM_BINS,
  }
}
