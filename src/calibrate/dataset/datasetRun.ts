// What a run over a dataset is asked for, how it calibrates, and what a share of it gives.

import type { OpenedDataset } from '../../dataset/opened.js'
import type { DatasetSource } from '../../dataset/source.js'
import type { ModelInput } from '../../dataset/types.js'
import type { Chunk, Segment, Share } from '../../engine/fold/chunks.js'
import type { StopFlag } from '../../engine/fold/fold.js'
import type { FoldState } from '../../engine/fold/foldState.js'
import type { FoldPart } from '../../engine/fold/part.js'
import type { Pool } from '../../engine/pool.js'
import type { Reporter } from '../../report/types.js'

/** Keeps an unfinished fold across processes. */
export interface FoldStore {
  /** The saved state of this very work, if there is one; `empty` is the state to start from else. */
  load(key: FoldKey, empty: FoldState): Promise<FoldState | undefined>
  /** Called after every chunk; decides itself when to write. */
  saved(key: FoldKey, state: FoldState): Promise<void>
  /** Writes now. */
  flush(key: FoldKey, state: FoldState): Promise<void>
}

/** All that a fold depends on, in words: "model" -> its hash. */
export type FoldKey = Readonly<Record<string, string>>

export interface DatasetRunnerOptions {
  readonly pool: Pool
  readonly source: DatasetSource
  readonly dataset: OpenedDataset
  readonly inputs: readonly ModelInput[]
  /** Dataset indices, first those to calibrate on (see dataset/select.ts). */
  readonly selected: Uint32Array
  /** What is selected, without its contents (see dataset/identity.ts). */
  readonly listing: string
  /** Samples to calibrate on, for each value of `-i`, ascending. */
  readonly calibrated: readonly { readonly iteration: number; readonly samples: number }[]
  /** Samples to evaluate on; undefined: as many as calibrated. */
  readonly evaluated: number | undefined
  readonly onBadSample: 'error' | 'skip'
  /** undefined: nothing is kept. */
  readonly store: FoldStore | undefined
  readonly reporter: Reporter
  readonly stop: StopFlag
}

/** How a run calibrates. */
export interface Calibration {
  /** Samples of a forward pass that the model itself asks for. */
  readonly batch: number
  /** For each value of `-i`: samples in its statistics, and in its metric (none without a metric). */
  readonly counts: readonly number[]
  readonly measured: readonly number[]
  /** Samples in the first half of the calibration; undefined with several values of `-i`, of which each shows beside the one before. */
  readonly half: number | undefined
  readonly segments: readonly Segment[]
  /** What the statistics depend on besides the model and how it runs. */
  readonly key: FoldKey
}

/** The share of a calibration that one of several machines does. */
export interface SharePlan {
  readonly run: Calibration
  /** What its part belongs to. */
  readonly key: FoldKey
  readonly share: Share
  /** The chunks of the run, and of the share. */
  readonly all: readonly Chunk[]
  readonly chunks: readonly Chunk[]
}

/** The statistics of some of a run's chunks, and what they belong to. */
export interface CalibrationPart extends FoldPart {
  readonly key: FoldKey
  /** The sum of what is in its samples (see dataset/identity.ts). */
  readonly contents: bigint
}
