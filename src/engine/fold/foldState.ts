// What calibration and evaluation have found so far: plain data that can be saved between any two events and continued later, with the same
// result. Histograms merge in any order (they are a commutative monoid), metric states merge in the order of their chunks.

import type { Metric } from '../../dataset/types.js'
import { addBuffer, emptyBuffer, type StatisticsBuffer } from '../../histogram/buffer.js'
import type { SamplesDone, SkippedSample } from '../protocol.js'
import type { Segment } from './chunks.js'

export interface SegmentState {
  /** The sum of its chunks' statistics, a buffer of the observed tensors; undefined while nothing was observed. */
  statistics: SharedArrayBuffer | undefined
  /** Samples in `statistics`. */
  observed: number
  /** Chunks [0, folded) are merged in `state`... */
  folded: number
  state: unknown
  /** ...and these later ones wait for an earlier one: chunk number -> the metric's state. */
  readonly waiting: Map<number, unknown>
}

export interface FoldState {
  /** The observed tensors. */
  readonly tensors: readonly string[]
  readonly segments: readonly SegmentState[]
  readonly skipped: SkippedSample[]
}

export function emptyFold(segments: readonly Segment[], tensors: readonly string[]): FoldState {
  return {
    tensors,
    segments: segments.map(() => ({
      statistics: undefined,
      observed: 0,
      folded: 0,
      state: undefined,
      waiting: new Map(),
    })),
    skipped: [],
  }
}

/**
 * Adds the answer for a chunk of a segment; `buffer` holds its statistics where it was observed. Its metric state waits to be folded. Where several
 * models were measured, their segments follow one another.
 */
export function addChunk(
  { segments, tensors, skipped }: FoldState,
  at: { readonly segment: number; readonly number: number },
  answer: SamplesDone,
  buffer: SharedArrayBuffer | undefined,
): void {
  const segment = segments[at.segment]!
  if (buffer !== undefined) {
    segment.statistics ??= emptyBuffer(tensors)
    addBuffer(segment.statistics, buffer, tensors)
    segment.observed += answer.observed
  }
  skipped.push(...answer.skipped)
  for (const [model, state] of answer.states.entries()) segments[at.segment + model]!.waiting.set(at.number, state)
}

/** Merges the states that wait for no earlier one; `metric` is given where the segment is measured. */
export function foldWaiting(segment: SegmentState, metric: Metric | undefined): void {
  while (segment.waiting.has(segment.folded)) {
    const later = segment.waiting.get(segment.folded)
    segment.waiting.delete(segment.folded)
    if (metric !== undefined) segment.state = segment.folded === 0 ? later : metric.merge(segment.state, later)
    segment.folded++
  }
}

/** The statistics of the first `count` samples: the sum of the segments before it. Where that is one, it is the state's own memory. */
export function statisticsUpTo(
  { segments: states, tensors }: FoldState,
  segments: readonly Segment[],
  count: number,
): StatisticsBuffer {
  const parts = segments.flatMap(({ to }, i) => (to > count ? [] : (states[i]!.statistics ?? [])))
  if (parts.length === 1) return { tensors, buffer: parts[0]! }
  const buffer = emptyBuffer(tensors)
  for (const part of parts) addBuffer(buffer, part, tensors)
  return { tensors, buffer }
}

/** The metric's state over the first `count` samples, or undefined when nothing was measured. */
export function stateUpTo(state: FoldState, segments: readonly Segment[], count: number, metric: Metric): unknown {
  // merge and value may change what they are given, and the next count needs the same segments again.
  const measured = segments.flatMap((segment, i) =>
    segment.to > count || !segment.measure ? [] : [structuredClone(state.segments[i]!.state)],
  )
  return measured.length === 0 ? undefined : measured.reduce((earlier, later) => metric.merge(earlier, later))
}
