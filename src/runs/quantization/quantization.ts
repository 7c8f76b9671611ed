// One quantization of a run, a mode and an -i value: its integer model is measured, and its files are written.

import { basename, join } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../../calibrate/runner.js'
import { type Config, decidingOptions, type QuantMode } from '../../config/config.js'
import { modelFile } from '../../engine/modelFile.js'
import type { Pool } from '../../engine/pool.js'
import type { ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import type { Evaluation } from '../../evaluate/evaluate.js'
import { integerModel } from '../../export/integerModel.js'
import { qdqModel } from '../../export/qdqModel.js'
import { scaleJson } from '../../export/scaleJson.js'
import type { Provenance } from '../../export/writtenModel.js'
import type { Content, Staging } from '../../files/save.js'
import { takingIntegers } from '../../onnx/edits/inputTypes.js'
import { modelFiles } from '../../onnx/file/write.js'
import type { ModelProto } from '../../onnx/types.js'
import type { FixedPointModel } from '../../plan/types.js'
import type { ModeResult, ModeTrial, RefinementRecord, Reporter, ZeroPointRecord } from '../../report/types.js'
import { squireVersion } from '../../version.js'
import { type Given, inputTypes } from '../given/given.js'
import { dumpQuantized } from './dump.js'

export interface Job {
  readonly observed: CalibrationResult
  readonly mode: QuantMode
  readonly thresholds: ReadonlyMap<string, number>
  /** What the run that made the scales says of itself, where they were loaded. */
  readonly origin: Given['origin']
  /** What the mode was chosen from; absent: it was asked for. */
  readonly modes?: readonly ModeTrial[]
  /** How many scales have a zero point, by which policy, and what that costs on the chip. */
  readonly zeroPoints: ZeroPointRecord
  /** What --refine did; absent where it did not run. */
  readonly refinement?: RefinementRecord
  /** What is quantized: the run's model, or that model with zero points folded into its biases. */
  readonly prepared: Prepared
}

/** A quantization, and its integers where it has any. */
export interface Solved {
  readonly job: Job
  readonly fixed: FixedPointModel | SquireError
}

/** A quantization whose integer model is measured. */
export interface MeasuredJob {
  readonly job: Job
  readonly file: ModelFile
}

export interface Context {
  readonly config: Config
  readonly reporter: Reporter
  readonly pool: Pool
  readonly runner: Runner
  /** The metrics of integer models over the evaluation data, all of one `-i` value. */
  readonly measure: (measured: readonly MeasuredJob[]) => Promise<readonly (number | undefined)[]>
  readonly prepared: Prepared
  readonly workspace: string
  readonly several: boolean
  /** Warnings of earlier quantizations: most hold for all, and are said once. */
  readonly warned: Set<string>
}

/** What the chip cannot compute is a result. */
export function attempt<T>(work: () => T): T | SquireError {
  try {
    return work()
  } catch (error) {
    if (error instanceof SquireError) return error
    throw error
  }
}

/** A quantization that could be made, and its measure; or why not. */
export interface Outcome {
  readonly job: Job
  readonly made: { readonly fixed: FixedPointModel; readonly evaluation: Evaluation } | SquireError
}

/** The integer model as it is measured, for the workers. */
export async function integerFile(
  context: Pick<Context, 'config' | 'workspace'>,
  job: Job,
  fixed: FixedPointModel,
): Promise<ModelFile> {
  const integer = integerOf(context, job, fixed, { outputDequant: true, allLayers: false })
  return modelFile(integer, join(context.workspace, `${nameOf(job)}.onnx`))
}

/** As a folder, and in the files of evaluation parts. */
export function nameOf({ mode, observed }: Job): string {
  return `${mode}_it_${observed.iteration}`
}

export function integerOf(
  { config }: Pick<Context, 'config'>,
  job: Job,
  fixed: FixedPointModel,
  options: { readonly outputDequant: boolean; readonly allLayers: boolean },
): ModelProto {
  return integerModel(fixed, job.prepared.staticModel, { ...provenance(config, job), ...options })
}

/** What this quantization alone depends on: not the other modes of the run, nor how many samples it was measured on. */
function provenance(config: Config, { mode, observed, origin, zeroPoints }: Job): Provenance {
  const { modes: _, evalIteration: __, compareIteration: ___, percent, ...shared } = decidingOptions(config)
  const made = { mode, zeroPoints: zeroPoints.policy, iterations: [observed.iteration] }
  const own = { ...shared, ...made, ...(mode === 'percentile' && { percent }) }
  const { outputDequant, runMode } = config
  const options = origin?.options === undefined ? own : { ...origin.options, outputDequant, runMode }
  return { mode, version: squireVersion(), options }
}

/** Stages the files of one quantization. */
export async function saveOutcome(context: Context, { job, made }: Outcome, staging: Staging): Promise<ModeResult> {
  const { config, several } = context
  const { iteration, floatMetric } = job.observed
  const directory = directoryOf(job, several)
  const { mode, modes, zeroPoints, refinement } = job
  const chosen = { mode, iteration, directory, modes, zeroPoints, refinement }
  const base = { model: basename(config.model), ...chosen, floatMetric }
  if (made instanceof SquireError) {
    return { ...base, loss: undefined, fixMetric: undefined, files: [], error: made.message }
  }
  const { fixed, evaluation } = made
  const files = await quantizationFiles(context, job, fixed)
  await staging.add(new Map([...files].map(([path, content]) => [join(directory, path), content])))
  const { loss, fixMetric } = evaluation
  return { ...base, loss, fixMetric, files: [...files.keys()], error: undefined }
}

/** The files of one quantization, by path relative to its folder. */
export async function quantizationFiles(
  context: Pick<Context, 'config'>,
  job: Job,
  fixed: FixedPointModel,
): Promise<Map<string, Content>> {
  const { config } = context
  const { prepared } = job
  const { outputDequant } = config
  const name = basename(config.model, '.onnx')
  const types = inputTypes(config, prepared.staticModel.proto)
  const written = (allLayers: boolean) =>
    takingIntegers(integerOf(context, job, fixed, { outputDequant, allLayers }), types)
  const files = new Map<string, Content>([
    ...modelFiles(written(false), `${name}_quantize.onnx`),
    ...modelFiles(qdqModel(fixed, prepared.staticModel, provenance(config, job)), `${name}_qdq.onnx`),
    [`${name}_scale.json`, scaleJson(fixed, provenance(config, job))],
    ...modelFiles(prepared.model.proto, 'steps/optimized.onnx', { maxInlineBytes: MOST_IN_ONE_FILE }),
    ...modelFiles(written(true), 'steps/output_all_layers_quantize.onnx'),
  ])
  if (config.dump) {
    const layers = integerOf(context, job, fixed, { outputDequant: false, allLayers: true })
    for (const [file, content] of await dumpQuantized(prepared, fixed, layers)) files.set(file, content)
  }
  return files
}

/** Float weights of more than this lie beside the model in `steps`, and are never held whole. */
const MOST_IN_ONE_FILE = 2 ** 27

/** Relative to the save-dir. */
export function directoryOf(job: Job, several: boolean): string {
  return several ? nameOf(job) : '.'
}

/** What orders outcomes. */
export function rankOf({ job, made }: Outcome): Rank {
  const base = { mode: job.mode, iteration: job.observed.iteration }
  if (made instanceof SquireError) return { ...base, loss: undefined, error: made.message }
  return { ...base, loss: made.evaluation.loss, error: undefined }
}

type Rank = Pick<ModeResult, 'mode' | 'iteration' | 'loss' | 'error'>

/** By loss, those without one after, failures last; then by mode and iteration, so that the order is total. */
export function byLoss(a: Rank, b: Rank): number {
  const rank = ({ loss, error }: Rank) => (error !== undefined ? Number.POSITIVE_INFINITY : (loss ?? Number.MAX_VALUE))
  const [left, right] = [rank(a), rank(b)]
  if (left !== right) return left < right ? -1 : 1
  return a.iteration - b.iteration || (a.mode < b.mode ? -1 : a.mode > b.mode ? 1 : 0)
}
