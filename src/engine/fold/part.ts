// A part: what some of the chunks of a run gave, kept apart from whatever the others will give. Histograms are merged, as their merging has no
// order; the metric's states stay one a chunk, as sums of floats follow the order of chunks.

import type { Metric } from '../../dataset/types.js'
import { SquireError } from '../../errors.js'
import type { StatisticsBuffer } from '../../histogram/buffer.js'
import type { SkippedSample } from '../protocol.js'
import type { Chunk, Segment } from './chunks.js'
import { type FoldState, foldWaiting } from './foldState.js'

/** What a part has of one segment of a fold. */
export interface PartSegment extends Segment {
  /** The fold it belongs to: "calibration", or the integer model that was measured, as "kl_it_300". */
  readonly fold: string
  /** How many chunks the whole segment is cut into, and samples of a forward pass: where each chunk begins (see chunkStart). */
  readonly chunks: number
  readonly batch: number
  /** Samples in the statistics. */
  readonly observed: number
  /** Of the observed tensors; undefined where nothing was observed. */
  readonly statistics: StatisticsBuffer | undefined
  /** The chunks that the part has: number -> the metric's state after its samples; undefined without a metric. */
  readonly states: ReadonlyMap<number, unknown>
}

/** What several folds over the same samples gave, for some of their chunks. */
export interface FoldPart {
  readonly segments: readonly PartSegment[]
  /** In the order of their numbers. */
  readonly skipped: readonly SkippedSample[]
}

/** The part that a fold over some of `chunks`, those of the whole run, made. */
export function partOf(
  fold: string,
  segments: readonly Segment[],
  chunks: readonly Chunk[],
  batch: number,
  state: FoldState,
): FoldPart {
  return {
    segments: segments.map((segment, i) => {
      const { statistics, observed, waiting } = state.segments[i]!
      return {
        ...segment,
        fold,
        chunks: chunks.filter((chunk) => chunk.segment === i).length,
        batch,
        observed,
        statistics: statistics && { tensors: state.tensors, buffer: statistics },
        states: new Map([...waiting].sort(([a], [b]) => a - b)),
      }
    }),
    skipped: inOrder(state.skipped),
  }
}

/** Skipped samples by number, each once. */
export function inOrder(skipped: readonly SkippedSample[]): SkippedSample[] {
  return [...new Map(skipped.map((sample) => [sample.index, sample])).values()].sort((a, b) => a.index - b.index)
}

/** The finished fold that a whole part stands for. The part's states are merged, and may be changed by that. */
export function finishedFold({ segments, skipped }: FoldPart, metric: Metric | undefined): FoldState {
  return {
    tensors: segments.find(({ statistics }) => statistics !== undefined)?.statistics?.tensors ?? [],
    segments: segments.map((segment) => {
      const state = {
        statistics: segment.statistics?.buffer,
        observed: segment.observed,
        folded: 0,
        state: undefined,
        waiting: new Map(segment.states),
      }
      foldWaiting(state, segment.measure ? metric : undefined)
      if (state.folded === segment.chunks) return state
      throw new SquireError(
        'PART',
        `chunk ${state.folded + 1} of ${segment.chunks} is missing: the part is not a whole run`,
      )
    }),
    skipped: [...skipped],
  }
}
