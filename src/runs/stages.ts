// The stages that several commands share.

import { groupHistogram } from '../calibrate/distribution.js'
import { type Prepared, prepare } from '../calibrate/prepare.js'
import { type Config, type QuantMode, quantModes } from '../config/config.js'
import { choiceOf, type MixConfig, readMix, requireMentioned } from '../config/mix.js'
import type { FoldStore } from '../engine/dataset/datasetRun.js'
import { openRunner } from '../engine/open.js'
import type { Pool } from '../engine/pool.js'
import type { Observed, Runner } from '../engine/runner.js'
import type { SquireError } from '../errors.js'
import { chipProfile } from '../fixedpoint/chip.js'
import { histogramsOf } from '../histogram/buffer.js'
import { foldZeroPoints } from '../offsets/foldZeroPoints.js'
import { importModel } from '../onnx/import/index.js'
import { optimize } from '../onnx/passes/index.js'
import { hasOwnWidth } from '../plan/groups.js'
import type { PlanOptions } from '../plan/options.js'
import { solveFixedPoint } from '../plan/solve.js'
import type { FixedPointModel, Plan } from '../plan/types.js'
import { planLines, requireIntegers } from '../report/plan.js'
import type { Reporter } from '../report/types.js'
import { type GroupHistogram, solveGroups, withoutSign } from '../solve/groups.js'
import { readGivenModel } from './edit.js'
import { checkInputDtypes, type Given, givenScales } from './given.js'
import { pickModes } from './pick.js'
import { attempt, type Job } from './quantization.js'
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
  const { model: source, log: imported } = importModel(await readGivenModel(config))
  for (const line of imported) reporter.info(line)
  checkInputDtypes(config, source)
  planWorkers(pool, source, reporter)
  const { model, log } = await optimize(source, config.disableOnnxsim ? 'needed' : 'all')
  for (const line of log) reporter.debug(line)
  const runner = await openRunner({ config, model: source, pool, store, reporter, signal, workspace, values })
  closeAtEnd(runner)

  timer.stage('float run and scales')
  const mix = await mixOf(config)
  const prepared = await prepare(model, await runner.firstFeeds(), planOptions(config, mix), workspace)
  if (mix) requireMentioned(mix, prepared.plan.operators.filter(hasOwnWidth), config.mixConfig!)
  for (const line of planLines(prepared.plan)) reporter.info(line)
  if (config.strict) requireIntegers(prepared.plan)
  return { runner, prepared }
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
  const given = await givenScales(config, prepared)
  const jobs = await solveThresholds(config, pool, prepared, observed, given, reporter)
  timer.stage('fixed-point parameters')
  const several = jobs.length > 1
  const options = { scales: given.scales, ...(config.lutLength !== undefined && { lutBits: config.lutLength }) }
  const solved = jobs.map((job) => ({
    job,
    fixed: attempt(several, () => solveFixedPoint(job.prepared.plan, job.thresholds, chip, options)),
  }))
  return config.modes.includes('auto') && several ? pickModes(setting, runner, prepared, solved) : solved
}

/** What is made: of 'auto', all modes to choose from. */
function modesOf({ modes }: Config): readonly QuantMode[] {
  return modes.includes('auto') ? quantModes : modes.filter((mode) => mode !== 'auto')
}

async function solveThresholds(
  config: Config,
  pool: Pool,
  prepared: Prepared,
  observed: readonly Observed[],
  given: Given,
  reporter: Reporter,
): Promise<Job[]> {
  const jobs: Job[] = []
  const { origin } = given
  const modes = origin === undefined ? modesOf(config) : [origin.mode ?? modesOf(config)[0]!]
  const own = await ownModes(config, prepared.plan)
  const options = planOptions(config, await mixOf(config))
  // Loaded scales make one quantization, whatever it is measured on.
  for (const one of origin === undefined ? observed : observed.slice(-1)) {
    const groups = groupHistograms(prepared, one, reporter)
    const asked = [...new Set([...modes, ...own.values()])]
    const solved = await solveGroups({ pool, groups, modes: asked, percent: config.percent })
    const oneSided = await solveGroups({ pool, groups: withoutSign(groups), modes: asked, percent: config.percent })
    const ofMode = (all: typeof solved, mode: QuantMode) => {
      const thresholds = new Map(all.get(mode)!)
      for (const [name, ownMode] of own) if (thresholds.has(name)) thresholds.set(name, all.get(ownMode)!.get(name)!)
      return thresholds
    }
    for (const mode of modes) {
      const job: Job = { observed: one, mode, thresholds: ofMode(solved, mode), origin, prepared }
      jobs.push(withZeroPoints(job, groups, ofMode(oneSided, mode), given, config, options, reporter))
    }
  }
  return jobs
}

/** The same quantization with zero points folded into biases, where there are any. */
function withZeroPoints(
  job: Job,
  groups: readonly GroupHistogram[],
  oneSided: ReadonlyMap<string, number>,
  { offsets }: Given,
  config: Config,
  options: PlanOptions,
  reporter: Reporter,
): Job {
  const { prepared, thresholds } = job
  const { model, plan, staticModel } = prepared
  const histograms = new Map(groups.map(({ scaleGroup, histogram }) => [scaleGroup.name, histogram]))
  const request = { model, plan, thresholds, oneSided, histograms, policy: config.zeroPoints, given: offsets }
  const folded = foldZeroPoints({ ...request, options })
  if (folded === undefined) return job
  const { proto, tensors, groups: numGroups, pads } = folded
  reporter.info(`${job.mode}: ${numGroups} of ${plan.groups.length} scales have a zero point; Pad nodes added: ${pads}`)
  const { input, output } = staticModel.proto.graph
  const fixed = { ...proto, graph: { ...proto.graph, input, output } }
  const models = { model: { ...model, proto }, staticModel: { ...staticModel, proto: fixed } }
  return { ...job, thresholds: folded.thresholds, prepared: { ...prepared, ...models, plan: folded.plan, tensors } }
}

function planOptions({ chip, bitWidth, unifyInputScale }: Config, mix: MixConfig | undefined): PlanOptions {
  return {
    chip: chipProfile(chip),
    bitsOf: (operator) => (mix && choiceOf(mix, operator)?.['bit-width']) ?? bitWidth,
    unifyInputs: unifyInputScale,
  }
}

/** Class -> the mode that a mixed configuration gives an operator that writes it; of several operators the first. */
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
