// The file of a part: a sealed Arrow file (histogram/sealedFile.ts) with one batch of statistics a segment (histogram/bufferBatch.ts), and everything
// else in the schema's metadata. The same part gives the same bytes. Metric states are whatever a user's metric keeps; devalue writes them as text
// that holds no code.

import { parse, stringify } from 'devalue'
import type { PartSegment } from '../engine/fold/part.js'
import { complaintOf, fileProblem, messageOf, SquireError } from '../errors.js'
import { readRegular } from '../files/regularFile.js'
import { emptyBuffer, type StatisticsBuffer } from '../histogram/buffer.js'
import { bufferBatch, bufferOf } from '../histogram/bufferBatch.js'
import { decodeSealed, encodeSealed } from '../histogram/sealedFile.js'
import type { Part } from './part.js'
import { numbersOf, type Range, rangesOf } from './ranges.js'

const FORMAT = 'squire part 1'

/** A segment but for its statistics, as the metadata has it. */
type SegmentRecord = Omit<PartSegment, 'statistics' | 'states'> & {
  readonly done: readonly Range[]
  readonly states: readonly unknown[]
}

/** The file in pieces, which view the part's statistics. @throws SquireError USER_SCRIPT when a metric's state holds what no file can */
export function encodePart(part: Part): readonly Uint8Array[] {
  const batchOf = ({ buffer, tensors } = nothing) => bufferBatch(buffer, tensors)
  // A file has a batch even where nothing was measured.
  const [first = batchOf(), ...more] = part.segments.map(({ statistics }) => batchOf(statistics))
  return encodeSealed([first, ...more], metadataOf(part))
}

const nothing: StatisticsBuffer = { tensors: [], buffer: emptyBuffer([]) }

function metadataOf({ kind, key, contents, machines, skipped, segments }: Part): Map<string, string> {
  const sorted = Object.fromEntries(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)))
  const records = segments.map(({ statistics: _, states, ...rest }): SegmentRecord => {
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
      `${name} cannot be used: ${complaintOf(cause)}. Expected a part as squire writes it; make it again.`,
      {
        cause,
      },
    )
  }
}

function decode(bytes: Uint8Array): Part {
  const { metadata, batches } = decodeSealed(bytes)
  const said = (name: string) => metadata.get(name) ?? ''
  if (said('model_hash') !== '') {
    throw new Error('it holds the statistics of a whole run, which are for --cache-distribution (-cd)')
  }
  if (said('format') !== FORMAT) throw new Error(`its format is "${said('format')}", not "${FORMAT}"`)
  const records = parse(said('segments')) as SegmentRecord[]
  if (Math.max(1, records.length) !== batches.length)
    throw new Error(`it has ${batches.length} segments, expected ${records.length}`)
  return {
    kind: said('kind') as Part['kind'],
    key: JSON.parse(said('key')),
    contents: BigInt(`0x${said('contents')}`),
    machines: JSON.parse(said('machines')),
    skipped: JSON.parse(said('skipped')),
    segments: records.map(({ done, states, ...rest }, i) => {
      const statistics = bufferOf(batches[i]!)
      return {
        ...rest,
        statistics: statistics.tensors.length === 0 ? undefined : statistics,
        states: new Map(numbersOf(done).map((number, at) => [number, states[at]])),
      }
    }),
  }
}

/** @throws SquireError PART when the file cannot be read, or is no whole part */
export async function readPart(path: string): Promise<Part> {
  let bytes: Uint8Array
  try {
    bytes = await readRegular(path)
  } catch (cause) {
    throw new SquireError('PART', `cannot read the part ${path}: ${fileProblem(cause)}`, { cause })
  }
  return decodePart(bytes, path)
}
