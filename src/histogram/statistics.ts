// The file of a calibration's statistics (stats.arrow): a sealed Arrow file of one batch (bufferBatch.ts), whose rows also say
//
//     operator  utf8          what writes the tensor
//     shape     list<int32>
//     observed  bool          false: derived from other tensors' statistics
//
// The schema's metadata says what the statistics belong to. The same statistics give the same bytes.

import { Bool, Field, Int32, List, Utf8, vectorFromArray } from 'apache-arrow'
import { complaintOf, SquireError } from '../errors.js'
import { bufferFrom, readBuffer } from './buffer.js'
import { bufferBatch, bufferOf } from './bufferBatch.js'
import { decodeSealed, encodeSealed } from './sealedFile.js'
import type { Histogram } from './types.js'

export interface TensorStatistics extends Histogram {
  readonly operator: string
  readonly shape: readonly number[]
  /** Whether its values were counted; else the histogram is derived from others. */
  readonly observed: boolean
}

export interface Statistics<Row extends Histogram = TensorStatistics> {
  readonly tensors: ReadonlyMap<string, Row>
  readonly metadata: Readonly<Record<string, string>>
}

/** The file, piece by piece: rows in the order of `tensors`, metadata sorted by key. */
export function encodeStatistics({ tensors, metadata }: Statistics): readonly Uint8Array[] {
  const names = [...tensors.keys()]
  const rows = [...tensors.values()]
  const batch = bufferBatch(bufferFrom(tensors), names, {
    operator: vectorFromArray(
      rows.map(({ operator }) => operator),
      new Utf8(),
    ),
    shape: vectorFromArray(
      rows.map(({ shape }) => shape),
      new List(new Field('item', new Int32())),
    ),
    observed: vectorFromArray(
      rows.map(({ observed }) => observed),
      new Bool(),
    ),
  })
  const sorted = new Map(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  return encodeSealed([batch], sorted)
}

/**
 * Reads what encodeStatistics wrote; what only describes a tensor is left out. `what` is for messages.
 * @throws SquireError CACHE when the bytes are not a whole Arrow file, not of squire's statistics, or contradict themselves
 */
export function decodeStatistics(bytes: Uint8Array, what = 'the statistics file'): Statistics<Histogram> {
  try {
    const { metadata, batches } = decodeSealed(bytes)
    const tensors = batches.flatMap((batch) => {
      const { tensors: names, buffer } = bufferOf(batch)
      return [...readBuffer(buffer, names)]
    })
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
