// The stages that several commands share.

import type { FoldStore } from '../calibrate/dataset/datasetRun.js'
import { openRunner } from '../calibrate/open.js'
import { type Prepared, prepare } from '../calibrate/prepare.js'
import type { CalibrationResult, Feeds, Runner } from '../calibrate/runner.js'
import type { Config } from '../config/config.js'
import { type MixConfig, requireMentioned } from '../config/mix.js'
import type { SquireError } from '../errors.js'
import { chipProfile } from '../fixedpoint/chip.js'
import { specialize } from '../onnx/edits/specialize.js'
import { importModel } from '../onnx/import/index.js'
import { activationBytes } from '../onnx/passes/facts.js'
import { optimize } from '../onnx/passes/index.js'
import { elementCount } from '../onnx/tensor.js'
import type { Model } from '../onnx/types.js'
import { hasOwnWidth } from '../plan/groups.js'
import { solveFixedPoint } from '../plan/solve.js'
import type { FixedPointModel } from '../plan/types.js'
import { planLines, requireIntegers } from '../report/text/plan.js'
import { type Reporter, silentReporter } from '../report/types.js'
import { readGivenModel } from './edit.js'
import { equalizeRun } from './equalization/index.js'
import { floatModel } from './given/brought.js'
import { optimizeGiven } from './given/bytes.js'
import { requireFiniteWeights } from './given/finiteWeights.js'
import { checkInputDtypes, type Given, givenScales } from './given/given.js'
import { chosenQuantizations } from './quantization/choose.js'
import type { Job } from './quantization/quantization.js'
import { solveThresholds } from './quantization/thresholds.js'
import { mixOf, planOptions } from './quantization/widths.js'
import { refineRun, type Solve } from './refinement/index.js'
import { planWorkers, type Rig, type StageTimer } from './run.js'

/** What a stage reports to and runs with. */
export interface Setting extends Rig {
  readonly config: Config
  readonly reporter: Reporter
  readonly timer: StageTimer
}

/** Reads the model, opens the data and makes the plan. */
export async function prepareRun(
  setting: Setting,
  store: FoldStore | undefined,
): Promise<{ readonly runner: Runner; readonly prepared: Prepared }> {
  const { config, reporter, timer, pool, signal, values, workspace, closeAtEnd } = setting
  // An unknown chip is refused before any work.
  chipProfile(config.chip)
  timer.stage('graph optimization')
  const { model: given, log: imported } = importModel(await readGivenModel(config, reporter))
  for (const line of imported) reporter.info(line)
  requireFiniteWeights(given)
  const { model: source, scales: qdq, isOwn } = await floatModel(given)
  checkInputDtypes(config, source)
  const extent = config.disableOnnxsim || isOwn ? 'needed' : 'all'
  const { model: optimized, log } = await optimizeGiven(config, source, extent)
  for (const line of log) reporter.debug(line)
  await planWorkers(pool, source, await activationBytes(optimized.proto), reporter)
  const holds = config.refine !== 'none'
  const runner = await openRunner({ config, model: source, pool, store, reporter, signal, workspace, values, holds })
  closeAtEnd(runner)

  timer.stage('float run and scales')
  const mix = await mixOf(config)
  const feeds = await runner.firstFeeds()
  const model = extent === 'all' ? await decided(optimized, feeds, reporter) : optimized
  const prepareModel = (one: Model) => prepare(one, feeds, planOptions(config, mix), workspace)
  const plain = await prepareModel(model)
  // Now that dims are known which the model leaves open.
  await planWorkers(pool, source, tensorsBytes(plain), reporter)
  if (config.equalize && qdq !== undefined) {
    reporter.warn(
      '--equalize: the model brings scales, which are those of channels as they are: no channels are scaled',
    )
  }
  const isEqualized = config.equalize && qdq === undefined
  const made = isEqualized ? await equalizeRun(setting, runner, plain, prepareModel) : plain
  const prepared = qdq === undefined ? made : { ...made, qdq }
  if (mix) requireMentioned(mix, prepared.plan.operators.filter(hasOwnWidth), config.mixConfig!)
  for (const line of planLines(prepared.plan)) reporter.info(line)
  if (prepared.plan.groups.length === 0)
    reporter.warn(
      'the model computes on no real values, there is nothing to quantize: its nodes are written as they are',
    )
  if (config.strict) requireIntegers(prepared.plan)
  // Given scales are read again where they are used; those that do not fit the model are refused before it is calibrated.
  await givenScales(config, prepared, silentReporter)
  return { runner, prepared }
}

/** Bytes of all tensors but the weights, as float32. */
function tensorsBytes({ tensors, model }: Prepared): number {
  const constants = new Set(model.proto.graph.initializer.map(({ name }) => name))
  return [...tensors].reduce((sum, [name, { dims }]) => sum + (constants.has(name) ? 0 : 4 * elementCount(dims)), 0)
}

/** The model with the branches that the first samples take, where inputs' dims and integer scalars decide them. */
async function decided(model: Model, feeds: Feeds, reporter: Reporter): Promise<Model> {
  const specialized = specialize(model.proto, feeds)
  if (specialized === undefined) return model
  const { model: result, log } = await optimize({ ...model, proto: specialized.proto })
  for (const line of log) reporter.debug(line)
  const values = [...specialized.values].map(([name, value]) => `${name} = ${value}`)
  if (values.length > 0)
    reporter.info(`quantized for ${values.join(', ')}, as in the first sample: its branches of If nodes`)
  return result
}

/** A quantization, and its integers where it has any. */
export interface Solved {
  readonly job: Job
  readonly fixed: FixedPointModel | SquireError
}

/**
 * Thresholds and integers of every quantization: of each `-i` value in every mode.
 * @param mix widths and modes of single operators, which the plan of `prepared` has; undefined: those of --mix-config
 */
export async function solveRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  observed: readonly CalibrationResult[],
  mix?: MixConfig,
): Promise<readonly Solved[]> {
  const { config, reporter, timer, pool } = setting
  timer.stage('model quantization')
  const given = await givenScales(config, prepared, reporter)
  const asked = { config, pool, reporter, prepared, observed, given, mix: mix ?? (await mixOf(config)) }
  const thresholded = await solveThresholds(asked)
  timer.stage('fixed-point parameters')
  const solve = integersOf(config, given)
  const solved = await chosenQuantizations({
    ...{ setting, runner, prepared, thresholded },
    solve: (job) => solve(job, job.prepared.plan),
  })
  return refineRun(setting, runner, prepared, solved, solve)
}

/** What makes the integers of a quantization. */
export function integersOf({ chip, lutLength }: Config, { scales, accumulations }: Given): Solve {
  const options = { scales, accumulations, ...(lutLength !== undefined && { lutBits: lutLength }) }
  return (job, plan) => solveFixedPoint(plan, job.thresholds, chipProfile(chip), options)
}

export function warnOfSkipped(runner: Runner, reporter: Reporter): void {
  for (const { reason } of runner.skipped) reporter.warn(`skipped: ${reason}`)
}
