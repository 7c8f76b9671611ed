// The public API of squire-quant.

import type {
  CalibrateOptions,
  Calibration,
  EvaluationResult,
  ExportOptions,
  ExportResult,
  InferOptions,
  InferResult,
  QuantizeOptions,
  Solution,
  SolveOptions,
} from './library/libraryTypes.js'
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
export { type DefinedDataset, defineDataset } from './dataset/script/defineDataset.js'
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
export type {
  CalibrateOptions,
  Calibration,
  EvaluationResult,
  ExportOptions,
  ExportResult,
  InferOptions,
  InferResult,
  ProgressEvent,
  QuantizeOptions,
  RunHooks,
  Solution,
  SolveOptions,
  Statistics,
} from './library/libraryTypes.js'
export type { ElementType, TensorData, TensorValue } from './onnx/types.js'
export type {
  AdviceEntry,
  MixEntry,
  Origin,
  RefinementEntry,
  Report,
  ResultEntry,
  RunFacts,
  ZeroPointEntry,
} from './report/data/report.js'
export type {
  DriftEntry,
  ErrorColumns,
  HistogramEntry,
  Layers,
  NoiseEntry,
  OperatorEntry,
  QuantizationEntry,
  TensorEntry,
} from './report/data/types.js'
export type {
  MixRecord,
  MixTrial,
  ModeResult,
  ModeTrial,
  ProgressTask,
  RefinementRecord,
  RefinementStep,
  Reporter,
  RunResult,
  ZeroPointRecord,
  ZeroPointTrial,
} from './report/types.js'

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

/**
 * The first step of a quantization in steps: runs the float model over the data and keeps the statistics of its tensors. Nothing is written.
 *
 * ```ts
 * await using calibration = await calibrate({ model: 'model.onnx', data: 'photos', iterations: 'all' })
 * const solutions = await solve(calibration, { modes: ['mse', 'kl_v2'] })
 * for (const solution of solutions) console.log(solution.mode, (await evaluate(solution)).loss)
 * await exportModel(solutions[0], { saveDir: 'out' })
 * ```
 *
 * @throws SquireError as quantize() does
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  return (await import('./library/calibration.js')).calibrate(options)
}

/**
 * Scales and integers from the statistics of a calibration, one solution for each mode and value of `iterations`. May be called again with other
 * options: the data are not read for it.
 * @throws SquireError FIXED_POINT where there is one quantization and the chip cannot run it
 */
export async function solve(calibration: Calibration, options: SolveOptions = {}): Promise<readonly Solution[]> {
  return (await import('./library/calibration.js')).solve(calibration, options)
}

/** Runs the integer model of a solution over the evaluation data of its calibration. @throws SquireError as quantize() does */
export async function evaluate(solution: Solution): Promise<EvaluationResult> {
  return (await import('./library/calibration.js')).evaluateSolution(solution)
}

/**
 * Writes the files of a solution: those of `quantize()` but for its report, statistics and inputs. All appear together or none.
 * @throws SquireError OUTPUT
 */
export async function exportModel(solution: Solution, options: ExportOptions): Promise<ExportResult> {
  return (await import('./library/calibration.js')).exportModel(solution, options)
}
