// The file of a calibration's statistics (stats.arrow): a sealed Arrow file of batches (bufferBatch.ts), whose rows also say
//
//     operator  utf8          what writes the tensor
//     shape     list<int32>
//     observed  bool          false: derived from other tensors' statistics
//     samples   int32         samples that were counted: all, or the first half of them
//
// The first batch is of the observed tensors and views the buffer that they were counted in; derived ones, if any, are a second. A last batch may
// hold the observed tensors over the first half of the samples. The schema's metadata says what the statistics belong to. The same statistics give
// the same bytes.

import { Bool, Field, Int32, List, type RecordBatch, Utf8, vectorFromArray } from 'apache-arrow'
import { complaintOf, SquireError } from '../errors.js'
import { bufferFrom, histogramsOf, type SomeStatistics, type StatisticsBuffer } from './buffer.js'
import { bufferBatch, bufferOf } from './bufferBatch.js'
import { decodeSealed, encodeSealed } from './sealedFile.js'
import type { Histogram } from './types.js'

/** What the file says of a tensor besides its statistics. */
export interface TensorDescription {
  readonly operator: string
  readonly shape: readonly number[]
}

export interface Statistics {
  readonly samples: number
  /** Tensors whose values were counted. */
  readonly observed: StatisticsBuffer
  /** The same over fewer samples: the first half of them. */
  readonly firstHalf: { readonly samples: number; readonly statistics: StatisticsBuffer } | undefined
  /** Tensors whose histograms follow from others. */
  readonly derived: ReadonlyMap<string, Histogram>
  readonly describe: (tensor: string) => TensorDescription
  readonly metadata: Readonly<Record<string, string>>
}

/** What a file holds: all tensors, observed or derived. */
export interface ReadStatistics {
  readonly tensors: ReadonlyMap<string, Histogram>
  readonly firstHalf: SomeStatistics | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** The file, piece by piece: observed tensors in their order, then the derived; metadata sorted by key. Pieces view the buffer. */
export function encodeStatistics(statistics: Statistics): readonly Uint8Array[] {
  const { samples, observed, firstHalf, derived, describe, metadata } = statistics
  const batchOf = ({ tensors, buffer }: StatisticsBuffer, wasObserved: boolean, counted: number): RecordBatch => {
    const described = tensors.map(describe)
    return bufferBatch(buffer, tensors, {
      operator: vectorFromArray(
        described.map(({ operator }) => operator),
        new Utf8(),
      ),
      shape: vectorFromArray(
        described.map(({ shape }) => shape),
        new List(new Field('item', new Int32())),
      ),
      observed: vectorFromArray(
        tensors.map(() => wasObserved),
        new Bool(),
      ),
      samples: vectorFromArray(
        tensors.map(() => counted),
        new Int32(),
      ),
    })
  }
  const sorted = new Map(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  const others = { tensors: [...derived.keys()], buffer: bufferFrom(derived) }
  const more = [
    ...(derived.size === 0 ? [] : [batchOf(others, false, samples)]),
    ...(firstHalf === undefined ? [] : [batchOf(firstHalf.statistics, true, firstHalf.samples)]),
  ]
  return encodeSealed([batchOf(observed, true, samples), ...more], sorted)
}

/**
 * Reads what encodeStatistics wrote; what only describes a tensor is left out. `what` is for messages.
 * @throws SquireError CACHE when the bytes are not a whole Arrow file, not of squire's statistics, or contradict themselves
 */
export function decodeStatistics(bytes: Uint8Array, what = 'the statistics file'): ReadStatistics {
  try {
    const { metadata, batches } = decodeSealed(bytes)
    const read = batches.map((batch) => ({ statistics: bufferOf(batch), samples: samplesOf(batch) }))
    const [{ samples } = { samples: 0 }] = read
    const [whole, halves] = [
      read.filter((one) => one.samples === samples),
      read.filter((one) => one.samples !== samples),
    ]
    if (halves.length > 1) throw new Error('it has statistics of more than two numbers of samples')
    const tensors = whole.flatMap(({ statistics }) => [...histogramsOf(statistics)])
    return { tensors: new Map(tensors), firstHalf: halves[0], metadata: Object.fromEntries(metadata) }
  } catch (cause) {
    throw new SquireError(
      'CACHE',
      `${what} cannot be used: ${complaintOf(cause)}. Expected an Arrow IPC file of statistics as squire writes it; ` +
        'delete it, or name another file.',
      { cause },
    )
  }
}

function samplesOf(batch: RecordBatch): number {
  const column = batch.getChild('samples')
  if (String(column?.type) !== 'Int32') {
    throw new Error(`its column "samples" is ${column === null ? 'missing' : column.type}, expected Int32`)
  }
  const [first = 0, ...others] = column!.toArray() as Int32Array
  if (first < 0 || others.some((samples) => samples !== first)) {
    throw new Error('its column "samples" contradicts itself')
  }
  return first
}
