// The file of a calibration's statistics (stats.arrow): a sealed Arrow file of batches (bufferBatch.ts), whose rows also say
//
//     operator  utf8          what writes the tensor
//     shape     list<int32>
//     observed  bool          false: derived from other tensors' statistics
//
// The first batch is of the observed tensors and views the buffer that they were counted in; derived ones, if any, are a second. The schema's
// metadata says what the statistics belong to. The same statistics give the same bytes.

import { Bool, Field, Int32, List, type RecordBatch, Utf8, vectorFromArray } from 'apache-arrow'
import { complaintOf, SquireError } from '../errors.js'
import { bufferFrom, histogramsOf, type StatisticsBuffer } from './buffer.js'
import { bufferBatch, bufferOf } from './bufferBatch.js'
import { decodeSealed, encodeSealed } from './sealedFile.js'
import type { Histogram } from './types.js'

/** What the file says of a tensor besides its statistics. */
export interface TensorDescription {
  readonly operator: string
  readonly shape: readonly number[]
}

export interface Statistics {
  /** Tensors whose values were counted. */
  readonly observed: StatisticsBuffer
  /** Tensors whose histograms follow from others. */
  readonly derived: ReadonlyMap<string, Histogram>
  readonly describe: (tensor: string) => TensorDescription
  readonly metadata: Readonly<Record<string, string>>
}

/** What a file holds: all tensors, observed or derived. */
export interface ReadStatistics {
  readonly tensors: ReadonlyMap<string, Histogram>
  readonly metadata: Readonly<Record<string, string>>
}

/** The file, piece by piece: observed tensors in their order, then the derived; metadata sorted by key. Pieces view the buffer. */
export function encodeStatistics({ observed, derived, describe, metadata }: Statistics): readonly Uint8Array[] {
  const batchOf = ({ tensors, buffer }: StatisticsBuffer, wasObserved: boolean): RecordBatch => {
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
    })
  }
  const sorted = new Map(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  const others = { tensors: [...derived.keys()], buffer: bufferFrom(derived) }
  return encodeSealed([batchOf(observed, true), ...(derived.size === 0 ? [] : [batchOf(others, false)])], sorted)
}

/**
 * Reads what encodeStatistics wrote; what only describes a tensor is left out. `what` is for messages.
 * @throws SquireError CACHE when the bytes are not a whole Arrow file, not of squire's statistics, or contradict themselves
 */
export function decodeStatistics(bytes: Uint8Array, what = 'the statistics file'): ReadStatistics {
  try {
    const { metadata, batches } = decodeSealed(bytes)
    const tensors = batches.flatMap((batch) => [...histogramsOf(bufferOf(batch))])
    return { tensors: new Map(tensors), metadata: Object.fromEntries(metadata) }
  } catch (cause) {
    throw new SquireError(
      'CACHE',
      `${what} cannot be used: ${complaintOf(cause)}. Expected an Arrow IPC file of statistics as squire writes it; ` +
        'delete it, or name another file.',
      { cause },
    )
  }
}
