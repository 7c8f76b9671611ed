// A runner drives a model over the user's data: a dataset object that workers load, or an infer function that calls forward.
// The pipeline asks for statistics and metrics and does not know which of the two it has.

import type { Comparison } from '../engine/comparison.js'
import type { HeldSample, ModelFile, Observation, SkippedSample } from '../engine/protocol.js'
import type { SomeStatistics, StatisticsBuffer } from '../histogram/buffer.js'
import type { TensorValue } from '../onnx/types.js'
import type { Compared } from './dataset/comparing.js'

export type Feeds = Readonly<Record<string, TensorValue>>

/** The float model, ready to be observed. */
export interface ObservedModel {
  /** The file in which observed tensors are further outputs. */
  readonly observed: ModelFile
  /** The file with the model's own outputs alone. */
  readonly plain: ModelFile
  readonly observation: Omit<Observation, 'buffer'>
  /** Identity of all that the statistics depend on besides the data. */
  readonly key: string
  /** Lines for `-l 0`: what the ways around the runtime have found out. */
  readonly log: readonly string[]
}

/** What the forward passes of the float model for one `-i` value give. */
export interface CalibrationResult {
  readonly iteration: number
  /** Samples (or forward passes) in the statistics. */
  readonly samples: number
  /** The statistics of the observed tensors. */
  readonly statistics: StatisticsBuffer
  /** The statistics of the first half of these samples, which show whether ranges still move; undefined where samples have no order, or nobody needs them. */
  readonly firstHalf: SomeStatistics | undefined
  readonly floatMetric: number | undefined
}

/** A model that is measured, and what progress and messages call it. */
export interface NamedModel {
  readonly name: string
  readonly file: ModelFile
}

/** The samples that an `-i` value calibrates on, or the forward passes that an infer function makes for it. */
export interface CalibratedSamples {
  readonly samples: number
  /** So many of them are run together: the fixed batch of a model whose samples are single. */
  readonly batch: number
  /** Forward passes of the model that such a batch takes: several where an infer function feeds batches to a model that takes one sample. */
  readonly forwards: number
}

/** Which samples two models are compared on. */
export interface ComparedSamples {
  readonly iteration: number
  /** The samples that this `-i` value calibrates on, which alone may decide what a quantization is; or the samples that measure() takes. */
  readonly of: 'calibration' | 'evaluation'
  /** At most so many samples; Infinity where there is no limit. */
  readonly most: number
}

export interface Runner {
  /** Identity of the data, for caches and checkpoints. */
  digest(): Promise<string>
  /** The values of `-i`, ascending; 'all' is the number of samples. */
  readonly iterations: readonly number[]
  /** @param iteration one of `iterations` */
  calibratedSamples(iteration: number): Promise<CalibratedSamples>
  /** Inputs of one forward pass: its shapes become the quantized model's. */
  firstFeeds(): Promise<Feeds>
  /**
   * How many samples (or forward passes) a run takes in all, for its progress: in observe(), in measure() for so many quantizations of each `-i` value,
   * in compare() on at most `compared`, and in `heldPasses` passes over what hold() gives for each quantization.
   */
  workload(quantizations: number, compared: number, heldPasses: number): Promise<number>
  /** Inputs of the last forward pass of calibration; of an infer function, of its latest forward pass. */
  lastFeeds(): Promise<Feeds>
  /** Runs the float model once over the data; one result for each value of `-i`, ascending. */
  observe(model: ObservedModel): Promise<readonly CalibrationResult[]>
  /** Called in place of observe() where the statistics are known: ends what firstFeeds() has begun. */
  skipObservation(): Promise<void>
  /**
   * The metric of each model over what `--eval-iteration` (default: this `-i` value) asks for; undefined where there is no metric. All are open
   * at once in every worker where that saves loading the samples again.
   */
  measure(models: readonly NamedModel[], iteration: number): Promise<readonly (number | undefined)[]>
  /** How many workers run models at the same time: 1 where a function makes one forward pass after the other. */
  readonly parallel: number
  /** Compares models with one reference, tensor by tensor. */
  compare(comparisons: readonly Comparison[], samples: ComparedSamples, title: string): Promise<Compared>
  /**
   * Inputs of forward passes that an `-i` value calibrates on, to be run again and again: at most MOST_HELD of those whose inputs have the dims of the
   * first. A hash draws and orders them, so that neither the order of the data nor the time decides.
   * @param float what an infer function's forward passes are run on
   */
  hold(iteration: number, float: ModelFile): Promise<readonly HeldSample[]>
  /** Closes the files of the data. */
  close(): Promise<void>
  /** Samples left out so far. */
  readonly skipped: readonly SkippedSample[]
}
