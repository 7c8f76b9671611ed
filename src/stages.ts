// The stages that several commands share.

import { classHistogram } from './calibrate/distribution.js'
import { type Prepared, prepare } from './calibrate/prepare.js'
import type { Config } from './config/config.js'
import { readGivenModel } from './edit.js'
import type { FoldStore } from './engine/datasetRunner.js'
import { openRunner } from './engine/open.js'
import type { Pool } from './engine/pool.js'
import type { Observed, Runner } from './engine/runner.js'
import type { SquireError } from './errors.js'
import { chipProfile } from './fixedpoint/chip.js'
import { checkInputDtypes, type Given, givenScales } from './given.js'
import { importModel } from './onnx/import/index.js'
import { optimize } from './onnx/passes/index.js'
import { oneWidth } from './plan/options.js'
import { solveFixedPoint } from './plan/solve.js'
import type { FixedPointModel } from './plan/types.js'
import { attempt, type Job } from './quantization.js'
import { planLines } from './report/plan.js'
import type { Reporter } from './report/types.js'
import type { Rig, StageTimer } from './run.js'
import { type ClassHistogram, solveClasses } from './solve/classes.js'

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
  const { config, reporter, timer, pool, signal, workspace, closeAtEnd } = setting
  // An unknown chip is refused before any work.
  const chip = chipProfile(config.chip)
  timer.stage('graph optimization')
  const { model: source, log: imported } = importModel(await readGivenModel(config))
  for (const line of imported) reporter.info(line)
  checkInputDtypes(config, source)
  const { model, log } = await optimize(source, config.disableOnnxsim ? 'needed' : 'all')
  for (const line of log) reporter.debug(line)
  const runner = await openRunner({ config, model: source, pool, store, reporter, signal })
  closeAtEnd(runner)

  timer.stage('float run and scales')
  const options = { ...oneWidth(chip, config.bitWidth), unifyInputs: config.unifyInputScale }
  const prepared = await prepare(model, await runner.firstFeeds(), options, workspace)
  for (const line of planLines(prepared.plan)) reporter.info(line)
  return { runner, prepared }
}

/** A quantization, and its integers where it has any. */
export interface Solved {
  readonly job: Job
  readonly fixed: FixedPointModel | SquireError
}

/** Thresholds and integers of every quantization: of each `-i` value in every mode. */
export async function solveRun(
  { config, reporter, timer, pool }: Setting,
  prepared: Prepared,
  observed: readonly Observed[],
): Promise<readonly Solved[]> {
  const chip = chipProfile(config.chip)
  timer.stage('model quantization')
  const given = await givenScales(config, prepared)
  const jobs = await solveThresholds(config, pool, prepared, observed, given, reporter)
  timer.stage('fixed-point parameters')
  const several = jobs.length > 1
  return jobs.map((job) => ({
    job,
    fixed: attempt(several, () => solveFixedPoint(prepared.plan, job.thresholds, chip, { scales: given.scales })),
  }))
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
  const modes = origin === undefined ? config.modes : [origin.mode ?? config.modes[0]!]
  // Loaded scales make one quantization, whatever it is measured on.
  for (const one of origin === undefined ? observed : observed.slice(-1)) {
    const classes = classHistograms(prepared, one, reporter)
    const solved = await solveClasses({ pool, classes, modes, percent: config.percent })
    for (const mode of modes) jobs.push({ observed: one, mode, thresholds: solved.get(mode)!, origin })
  }
  return jobs
}

function classHistograms(prepared: Prepared, observed: Observed, reporter: Reporter): ClassHistogram[] {
  const classes = prepared.plan.classes.map((scaleClass) => ({
    scaleClass,
    histogram: classHistogram(prepared.plan, scaleClass, observed.histograms),
  }))
  for (const { scaleClass, histogram } of classes) {
    if (histogram.count > histogram.zeros) continue
    const samples = observed.samples === 1 ? 'the only sample' : `all ${observed.samples} samples`
    reporter.warn(
      `tensor "${scaleClass.name}" is zero in ${samples}: its scale is arbitrary. ` +
        'Calibrate on data that reaches it, or check that the branch is alive.',
    )
  }
  return classes
}

export function warnOfSkipped(runner: Runner, reporter: Reporter): void {
  for (const { reason } of runner.skipped) reporter.warn(`skipped: ${reason}`)
}
