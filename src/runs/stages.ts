// The stages that several commands share.

import type { FoldStore } from '../calibrate/dataset/datasetRun.js'
import { openRunner } from '../calibrate/open.js'
import { type Prepared, prepare } from '../calibrate/prepare.js'
import type { Feeds, Observed, Runner } from '../calibrate/runner.js'
import { groupHistogram } from '../calibrate/storage/distribution.js'
import { autoModes, type Config, type QuantMode } from '../config/config.js'
import { choiceOf, type MixConfig, readMix, requireMentioned } from '../config/mix.js'
import type { Pool } from '../engine/pool.js'
import type { SquireError } from '../errors.js'
import { chipProfile } from '../fixedpoint/chip.js'
import { histogramsOf } from '../histogram/buffer.js'
import { specialize } from '../onnx/edits/specialize.js'
import { importModel } from '../onnx/import/index.js'
import { optimize } from '../onnx/passes/index.js'
import type { Model } from '../onnx/types.js'
import { hasOwnWidth } from '../plan/groups.js'
import type { PlanOptions } from '../plan/options.js'
import { solveFixedPoint } from '../plan/solve.js'
import type { FixedPointModel, Plan } from '../plan/types.js'
import { planLines, requireIntegers } from '../report/plan.js'
import type { Reporter } from '../report/types.js'
import { type GroupHistogram, solveGroups, withoutSign } from '../solve/groups.js'
import { integerTensors } from '../solve/integerTensors.js'
import { readGivenModel } from './edit.js'
import { equalizeRun } from './equalization/index.js'
import { floatModel } from './given/brought.js'
import { optimizeGiven } from './given/bytes.js'
import { checkInputDtypes, type Given, givenScales } from './given/given.js'
import { chosenQuantizations } from './quantization/choose.js'
import type { Job } from './quantization/quantization.js'
import { NO_ZERO_POINTS, type Thresholded } from './quantization/zeroPoints.js'
import { refineRun } from './refinement/index.js'
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
  const { model: source, scales: qdq, isOwn } = await floatModel(given)
  checkInputDtypes(config, source)
  planWorkers(pool, source, reporter)
  const extent = config.disableOnnxsim || isOwn ? 'needed' : 'all'
  const { model: optimized, log } = await optimizeGiven(config, source, extent)
  for (const line of log) reporter.debug(line)
  const holds = config.refine !== 'none'
  const runner = await openRunner({ config, model: source, pool, store, reporter, signal, workspace, values, holds })
  closeAtEnd(runner)

  timer.stage('float run and scales')
  const mix = await mixOf(config)
  const feeds = await runner.firstFeeds()
  const model = extent === 'all' ? await decided(optimized, feeds, reporter) : optimized
  const prepareModel = (one: Model) => prepare(one, feeds, planOptions(config, mix), workspace)
  const plain = await prepareModel(model)
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
  if (config.strict) requireIntegers(prepared.plan)
  return { runner, prepared }
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

async function mixOf({ mixConfig, chip, bitWidth }: Config): Promise<MixConfig | undefined> {
  return mixConfig === undefined ? undefined : readMix(mixConfig, chipProfile(chip), bitWidth)
}

/** A quantization, and its integers where it has any. */
export interface Solved {
  readonly job: Job
  readonly fixed: FixedPointModel | SquireError
}

/** Thresholds and integers of every quantization: of each `-i` value in every mode. */
export async function solveRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  observed: readonly Observed[],
): Promise<readonly Solved[]> {
  const { config, reporter, timer, pool } = setting
  const chip = chipProfile(config.chip)
  timer.stage('model quantization')
  const given = await givenScales(config, prepared, reporter)
  const thresholded = await solveThresholds(config, pool, prepared, observed, given, reporter)
  timer.stage('fixed-point parameters')
  const { scales, accumulations } = given
  const options = { scales, accumulations, ...(config.lutLength !== undefined && { lutBits: config.lutLength }) }
  const solve = (job: Job, plan: Plan) => solveFixedPoint(plan, job.thresholds, chip, options)
  const solved = await chosenQuantizations({
    ...{ setting, runner, prepared, thresholded },
    solve: (job) => solve(job, job.prepared.plan),
  })
  return refineRun(setting, runner, prepared, solved, solve)
}

/** What is made: of 'auto', the modes to choose from. */
function modesOf({ modes }: Config): readonly QuantMode[] {
  return modes.includes('auto') ? autoModes : modes.filter((mode) => mode !== 'auto')
}

async function solveThresholds(
  config: Config,
  pool: Pool,
  prepared: Prepared,
  observed: readonly Observed[],
  given: Given,
  reporter: Reporter,
): Promise<Thresholded[]> {
  const thresholded: Thresholded[] = []
  const { origin } = given
  const { plan } = prepared
  // Where the model has brought every scale there is nothing to choose.
  const isDecided = plan.groups.every(({ tensors }) => tensors.some((name) => given.scales.has(name)))
  const auto = config.modes.includes('auto') && isDecided ? modesOf(config).slice(0, 1) : modesOf(config)
  const modes = origin === undefined ? auto : [origin.mode ?? auto[0]!]
  const own = await ownModes(config, prepared.plan)
  const options = planOptions(config, await mixOf(config))
  // Loaded scales make one quantization, whatever it is measured on.
  for (const one of origin === undefined ? observed : observed.slice(-1)) {
    const groups = groupHistograms(prepared, one, reporter)
    const whole = integerTensors(plan, groups)
    const asked = [...new Set([...modes, ...own.values()])]
    const solved = await solveGroups({ pool, groups, modes: asked, percent: config.percent })
    const oneSided = await solveGroups({ pool, groups: withoutSign(groups), modes: asked, percent: config.percent })
    const ofMode = (all: typeof solved, mode: QuantMode) => {
      const thresholds = new Map(all.get(mode)!)
      for (const [name, ownMode] of own) if (thresholds.has(name)) thresholds.set(name, all.get(ownMode)!.get(name)!)
      for (const [name, threshold] of [...whole, ...given.thresholds]) thresholds.set(name, threshold)
      return thresholds
    }
    for (const mode of modes) {
      const job: Job = {
        observed: one,
        mode,
        thresholds: ofMode(solved, mode),
        origin,
        prepared,
        zeroPoints: NO_ZERO_POINTS,
      }
      const { zeroPoints } = given
      thresholded.push({ job, groups, oneSided: ofMode(oneSided, mode), zeroPoints, options })
    }
  }
  return thresholded
}

function planOptions({ chip, bitWidth, unifyInputScale }: Config, mix: MixConfig | undefined): PlanOptions {
  return {
    chip: chipProfile(chip),
    bitsOf: (operator) => (mix && choiceOf(mix, operator)?.['bit-width']) ?? bitWidth,
    unifyInputs: unifyInputScale,
  }
}

/** Scale group -> the mode that a mixed configuration gives an operator that writes it; of several operators the first. */
async function ownModes(config: Config, { operators, groups }: Plan): Promise<ReadonlyMap<string, QuantMode>> {
  const mix = await mixOf(config)
  const modes = new Map<string, QuantMode>()
  for (const operator of mix ? operators.filter(hasOwnWidth) : []) {
    const mode = choiceOf(mix!, operator)?.['quant-mode']
    const written = groups.filter(({ tensors }) => operator.outputs.some((name) => tensors.includes(name)))
    for (const { name } of written) if (mode !== undefined && !modes.has(name)) modes.set(name, mode)
  }
  return modes
}

function groupHistograms(prepared: Prepared, observed: Observed, reporter: Reporter): GroupHistogram[] {
  const histograms = histogramsOf(observed.statistics)
  const groups = prepared.plan.groups.map((scaleGroup) => ({
    scaleGroup,
    histogram: groupHistogram(prepared.plan, scaleGroup, histograms),
  }))
  for (const { scaleGroup, histogram } of groups) {
    if (histogram.count > histogram.zeros) continue
    const samples = observed.samples === 1 ? 'the only sample' : `all ${observed.samples} samples`
    reporter.warn(
      `tensor "${scaleGroup.name}" is zero in ${samples}: its scale is arbitrary. ` +
        'Calibrate on data that reaches it, or check that the branch is alive.',
    )
  }
  return groups
}

export function warnOfSkipped(runner: Runner, reporter: Reporter): void {
  for (const { reason } of runner.skipped) reporter.warn(`skipped: ${reason}`)
}
