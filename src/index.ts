// The public API of squire-quant.

import type { InferOptions, InferResult, QuantizeOptions } from './library/libraryTypes.js'
import type { RunResult } from './report/types.js'

export type {
  BadSamplePolicy,
  ColorSpace,
  Config,
  ConfigOptions,
  ImageOptions,
  InputDtype,
  QuantMode,
  RunMode,
  SampleSelection,
} from './config/config.js'
export { meanOf, topK } from './dataset/metrics.js'
export { defineDataset } from './dataset/script/defineDataset.js'
export type {
  Dataset,
  DatasetFactory,
  DatasetOptions,
  Executor,
  InferFunction,
  Metric,
  ModelInput,
  Outputs,
  Sample,
  SampleInputs,
  TensorLike,
} from './dataset/types.js'
export { type ErrorCode, exitCodes, SquireError } from './errors.js'
export type { InferOptions, InferResult, ProgressEvent, QuantizeOptions, RunHooks } from './library/libraryTypes.js'
export type { ElementType, TensorData, TensorValue } from './onnx/types.js'
export type { ModeResult, ProgressTask, Reporter, RunResult } from './report/types.js'

/**
 * Quantizes the model that `options` name and writes the results to its save-dir, as `squire quant` does and with its defaults.
 *
 * Workers are threads of this process; the command adds a supervisor that survives native crashes. Nothing is printed, and runs in one process
 * do not disturb each other. Two things are changed for the whole process: ORT_DISABLE_TELEMETRY is set to 1 where it is not set, before ONNX
 * Runtime loads; and where images are decoded on this thread, sharp works without a cache and with one thread.
 * @throws SquireError for everything that the caller can mend: its code says what kind it is, its message what to do
 */
export async function quantize(options: QuantizeOptions): Promise<RunResult> {
  // A user's script imports this file in every worker, for a metric: the pipeline stays out until it is run.
  return (await import('./library/library.js')).quantize(options)
}

/**
 * Runs any model, float or integer, over the data, as `squire quant -r infer` does. Nothing is written.
 * @throws SquireError as quantize() does
 */
export async function infer(options: InferOptions): Promise<InferResult> {
  return (await import('./library/library.js')).infer(options)
}
