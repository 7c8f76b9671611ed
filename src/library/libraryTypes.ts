// What the library's functions take and give.

import type { ConfigOptions, QuantMode } from '../config/config.js'
import type { DefinedDataset } from '../dataset/script/defineDataset.js'
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
   * workers themselves, and is faster where loading is much of the work. What defineDataset() gave is asked for the dataset, as by a worker.
   */
  readonly dataset?: Dataset | DefinedDataset | undefined
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

/** Options of a calibration: those of quantize() but for what is written, and for what solve() is given. */
export type CalibrateOptions = Omit<
  QuantizeOptions,
  'runMode' | 'saveDir' | 'resume' | 'cacheDistribution' | 'stats' | 'evaluation' | keyof SolveOptions
> & {
  /**
   * What `Statistics.toArrow()` of an earlier calibration gave: the float model does not run over the data again. It must be of the same model,
   * data and options; `iterations` has one value then.
   */
  readonly statistics?: Uint8Array | undefined
}

/** What a calibration knows of the float model's tensors after so many forward passes: it does not change, and may be kept in a file. */
export interface Statistics {
  /** The value of `iterations` that it belongs to. */
  readonly iteration: number
  /** Samples, or forward passes of an infer function. */
  readonly samples: number
  /** The metric of the float model; undefined where there is none. */
  readonly floatMetric: number | undefined
  /** An Arrow file, as `stats.arrow` of a run: a row for each tensor, with its histogram. */
  toArrow(): Uint8Array
}

/**
 * A float model that was run over its data. It holds worker threads, open files and a folder for temporary files until it is closed: by close(),
 * or at the end of the block that declares it with `await using`.
 */
export interface Calibration extends AsyncDisposable {
  /** One for each value of `iterations`, ascending. */
  readonly statistics: readonly Statistics[]
  /** Samples left out under onBadSample 'skip', with the reason. */
  readonly skipped: RunResult['skipped']
  /** Ends the workers, after the step that is running. Its solutions can be read on, but neither evaluated nor exported. */
  close(): Promise<void>
}

/** What decides scales once the statistics are known. */
export type SolveOptions = Pick<ConfigOptions, 'modes' | 'percent' | 'zeroPoints' | 'refine'>

/** Every integer of one quantization. */
export interface Solution {
  readonly mode: QuantMode
  readonly iteration: number
  /** By tensor of the float model: real value = integer * scale + offset, integers of `bits` bits. Empty where there is an error. */
  readonly tensors: ReadonlyMap<string, { readonly scale: number; readonly bits: number; readonly offset: number }>
  readonly warnings: readonly string[]
  /** Why the chip cannot run it; undefined where it can. Of a single quantization solve() rejects instead. */
  readonly error: string | undefined
}

export interface EvaluationResult {
  /** The metric of the float model; undefined where there is none, and then nothing was run. */
  readonly floatMetric: number | undefined
  readonly integerMetric: number | undefined
  /** Quantization Loss in percent: |integer - float| / |float| * 100; undefined where the float metric is 0 or absent. */
  readonly loss: number | undefined
}

export type ExportOptions = Pick<ConfigOptions, 'outputDequant'> & {
  /** The folder for the files, which is made if it is not there. */
  readonly saveDir: string
}

export interface ExportResult {
  /** Absolute paths: the integer model, the QDQ model, the scale JSON, and the models in `steps`. */
  readonly files: readonly string[]
}
