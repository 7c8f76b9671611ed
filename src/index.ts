// The public API of squire-quant.

import type { ConfigOptions } from './config/config.js'
import { type Reporter, type RunResult, silentReporter } from './report/types.js'
import type { RunOptions } from './run.js'

export type {
  BadSamplePolicy,
  ColorSpace,
  Config,
  ConfigOptions,
  ImageOptions,
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
export type { ElementType, TensorData, TensorValue } from './onnx/types.js'
export type { ModeResult, ProgressTask, Reporter, RunResult } from './report/types.js'
export type { RunOptions } from './run.js'

/**
 * Quantizes the model that `config` names and writes the results to its save-dir, as the command does and with its defaults.
 * Workers are threads of this process; the command adds a supervisor that survives native crashes.
 * @throws SquireError for everything that the caller can mend
 */
export async function quantize(
  config: ConfigOptions,
  reporter: Reporter = silentReporter,
  options: RunOptions = {},
): Promise<RunResult> {
  // A user's script imports this file in every worker, for a metric: the pipeline stays out until it is run.
  const [pipeline, { makeConfig }] = await Promise.all([import('./quantize.js'), import('./config/config.js')])
  return pipeline.quantize(makeConfig(config), reporter, options)
}

/** Runs any model through an infer function or dataset: its metric is the result's fixMetric. */
export async function infer(
  config: ConfigOptions,
  reporter: Reporter = silentReporter,
  options: RunOptions = {},
): Promise<RunResult> {
  const [pipeline, { makeConfig }] = await Promise.all([import('./infer.js'), import('./config/config.js')])
  return pipeline.infer(makeConfig(config), reporter, options)
}
