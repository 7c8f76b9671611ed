// An unfinished fold as a file: a sealed Arrow file with one batch of statistics (histogram/bufferBatch.ts) a segment. Its metadata say the rest:
//
//     key        what the work depends on, as JSON
//     progress   how far each segment is, with the states of the user's metric, as text that holds no code (devalue)

import { parse, stringify } from 'devalue'
import type { FoldState, SegmentState } from '../../engine/fold/foldState.js'
import { messageOf, SquireError } from '../../errors.js'
import { emptyBuffer } from '../../histogram/buffer.js'
import { bufferBatch, bufferOf } from '../../histogram/bufferBatch.js'
import { decodeSealed, encodeSealed } from '../../histogram/sealedFile.js'
import type { Key } from './key.js'

type SegmentProgress = Omit<SegmentState, 'statistics'> & { readonly hasStatistics: boolean }

interface Progress {
  readonly segments: readonly SegmentProgress[]
  readonly skipped: FoldState['skipped']
}

/**
 * The file in pieces, some of which view the state: they must be written before it changes.
 * @throws SquireError USER_SCRIPT when the metric's state cannot be cloned
 */
export function encodeCheckpoint(key: Key, { tensors, segments, skipped }: FoldState): readonly Uint8Array[] {
  const progress: Progress = {
    segments: segments.map(({ statistics, ...rest }) => ({ ...rest, hasStatistics: statistics !== undefined })),
    skipped,
  }
  const [first, ...more] = segments.map(({ statistics }) => bufferBatch(statistics ?? emptyBuffer(tensors), tensors))
  const metadata = new Map([
    ['key', JSON.stringify(key)],
    ['progress', textOf(progress)],
  ])
  return encodeSealed([first!, ...more], metadata)
}

function textOf(progress: Progress): string {
  try {
    // A clone is what a state is after its way through a worker: plain, also where merge gave an instance of a class.
    return stringify(structuredClone(progress))
  } catch (cause) {
    throw new SquireError(
      'USER_SCRIPT',
      `the metric's state cannot be saved: ${messageOf(cause)}. Keep it plain: numbers, texts, arrays, typed arrays, maps.`,
      { cause },
    )
  }
}

/**
 * @param empty the state that this work starts with
 * @param checkKey throws when the file belongs to other work; called before the rest is decoded
 * @throws Error when the file is damaged, or is not of a state like `empty`
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  empty: FoldState,
  checkKey: (key: Readonly<Record<string, string | undefined>>) => void,
): FoldState {
  const { metadata, batches } = decodeSealed(bytes)
  checkKey(JSON.parse(metadata.get('key') ?? '{}'))
  const progress = parse(metadata.get('progress') ?? '{}') as Progress
  const buffers = batches.map((batch) => {
    const { tensors, buffer } = bufferOf(batch)
    if (String(tensors) !== String(empty.tensors)) throw new Error('it holds other tensors')
    return buffer
  })
  if (!fits(progress, buffers)) throw new Error('its parts contradict each other')
  const segments = progress.segments.map(({ hasStatistics, ...rest }, i) => ({
    ...rest,
    statistics: hasStatistics ? buffers[i] : undefined,
  }))
  return { tensors: empty.tensors, segments, skipped: progress.skipped }
}

function fits({ segments, skipped }: Progress, buffers: readonly SharedArrayBuffer[]): boolean {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  return (
    Array.isArray(segments) &&
    Array.isArray(skipped) &&
    segments.length === buffers.length &&
    segments.every(({ observed, folded, waiting }) => isCount(observed) && isCount(folded) && waiting instanceof Map)
  )
}
