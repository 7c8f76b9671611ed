// What the library's functions take and give.

import type { ConfigOptions } from '../config/config.js'
import type { Dataset, InferFunction } from '../dataset/types.js'
import type { Reporter, RunResult } from '../report/types.js'

/** How far a piece of work is. */
export interface ProgressEvent {
  /** The stage that the run is in: "float run and scales". */
  readonly stage: string
  /** The piece of work: "calibrating". */
  readonly title: string
  readonly done: number
  readonly total: number
  /** What is counted: "samples". */
  readonly unit: string
}

/** What a run is given besides its configuration: it decides no number. */
export interface RunHooks {
  /** Aborting it stops the run at the next forward pass, with an error of code INTERRUPTED. */
  readonly signal?: AbortSignal | undefined
  /** Called at the beginning of each piece of work, and as it advances. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
  /** Told of stages, notes and warnings. Without one a run says nothing. */
  readonly reporter?: Reporter | undefined
  /**
   * The data as a value, in place of `data` or `userScript`. Its load() runs on the caller's thread: a module (`userScript`) is loaded by the
   * workers themselves, and is faster where loading is much of the work.
   */
  readonly dataset?: Dataset | undefined
  /** An infer function as a value. It runs on the caller's thread, its forward passes in the workers. */
  readonly infer?: InferFunction | undefined
}

export type QuantizeOptions = ConfigOptions & RunHooks

export type InferOptions = Omit<ConfigOptions, 'runMode'> & RunHooks

export interface InferResult {
  /** One for each number of `iterations`. */
  readonly results: readonly { readonly iteration: number; readonly metric: number | undefined }[]
  /** Samples left out under onBadSample 'skip'. */
  readonly skipped: RunResult['skipped']
  /** Wall time in seconds of each stage. */
  readonly stageSeconds: RunResult['stageSeconds']
}
