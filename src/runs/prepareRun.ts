// The first stages of every run but -r convert: the model is read and optimized, the data are opened, and the plan is made.

import type { FoldStore } from '../calibrate/dataset/datasetRun.js'
import { openRunner } from '../calibrate/open.js'
import { type Prepared, prepare } from '../calibrate/prepare.js'
import type { Feeds, Runner } from '../calibrate/runner.js'
import type { Config } from '../config/config.js'
import { requireMentioned } from '../config/mix.js'
import { chipProfile } from '../fixedpoint/chip.js'
import { specialize } from '../onnx/edits/specialize.js'
import { importModel } from '../onnx/import/index.js'
import { activationBytes } from '../onnx/passes/facts.js'
import { optimize } from '../onnx/passes/index.js'
import { elementCount } from '../onnx/tensor.js'
import type { Model } from '../onnx/types.js'
import { hasOwnWidth } from '../plan/groups.js'
import { planLines, requireIntegers } from '../report/text/plan.js'
import { type Reporter, silentReporter } from '../report/types.js'
import { readGivenModel } from './edit.js'
import { equalizeRun } from './equalization/index.js'
import { floatModel } from './given/brought.js'
import { optimizeGiven } from './given/bytes.js'
import { requireFiniteWeights } from './given/finiteWeights.js'
import { checkInputDtypes, givenScales } from './given/given.js'
import { mixOf, planOptions } from './quantization/widths.js'
import { planWorkers, type Setting } from './run.js'

/** Reads the model, opens the data and makes the plan. */
export async function prepareRun(
  setting: Setting,
  store: FoldStore | undefined,
): Promise<{ readonly runner: Runner; readonly prepared: Prepared }> {
  const { config, reporter, timer, pool, signal, values, workspace, closeAtEnd } = setting
  // An unknown chip is refused before any work.
  chipProfile(config.chip)
  timer.stage('graph optimization')
  const model = await optimizedModel(config, reporter)
  const { source, optimized } = model
  await planWorkers(pool, source, await activationBytes(optimized.proto), reporter)
  const holds = config.refine !== 'none'
  const runner = await openRunner({ config, model: source, pool, store, reporter, signal, workspace, values, holds })
  closeAtEnd(runner)

  timer.stage('float run and scales')
  const prepared = await plannedModel(setting, runner, model)
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

interface OptimizedModel {
  /** The float model, before the passes. */
  readonly source: Model
  readonly optimized: Model
  /** Which passes it went through. */
  readonly extent: 'needed' | 'all'
  /** Scales that the model brings, where it is a QDQ model. */
  readonly qdq: Prepared['qdq']
}

async function optimizedModel(config: Config, reporter: Reporter): Promise<OptimizedModel> {
  const { model: given, log: imported } = importModel(await readGivenModel(config, reporter))
  for (const line of imported) reporter.info(line)
  requireFiniteWeights(given)
  const { model: source, scales: qdq, isOwn } = await floatModel(given)
  checkInputDtypes(config, source)
  const extent = config.disableOnnxsim || isOwn ? 'needed' : 'all'
  const { model: optimized, log } = await optimizeGiven(config, source, extent)
  for (const line of log) reporter.debug(line)
  return { source, optimized, extent, qdq }
}

/** The model with its plan, for the dims of the first sample and with channels scaled where --equalize gains. */
async function plannedModel(
  setting: Setting,
  runner: Runner,
  { source, optimized, extent, qdq }: OptimizedModel,
): Promise<Prepared> {
  const { config, reporter, pool, workspace } = setting
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
  if (mix) requireMentioned(mix, made.plan.operators.filter(hasOwnWidth), config.mixConfig!)
  return qdq === undefined ? made : { ...made, qdq }
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
