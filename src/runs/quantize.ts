// The pipeline: reads as the list of stages, and is the only place that knows all of them.

import { dirname, join } from 'node:path'
import { makeObserved } from '../calibrate/observed.js'
import type { Prepared } from '../calibrate/prepare.js'
import type { Runner } from '../calibrate/runner.js'
import { Checkpoint } from '../calibrate/storage/checkpoint.js'
import type { Config } from '../config/config.js'
import { checkWritable } from '../files/save.js'
import { adviceLines } from '../report/advice/index.js'
import type { Reporter, RunResult } from '../report/types.js'
import { restoredMeasure } from '../shares/restore.js'
import { compareRun, mostCompared } from './layers/layers.js'
import { mixRun, mixSamples } from './mix/index.js'
import { prepareRun } from './prepareRun.js'
import { measureJobs } from './quantization/measured.js'
import { byLoss, type Context, rankOf } from './quantization/quantization.js'
import { roomFor } from './quantization/room.js'
import { calibrated } from './quantization/statistics.js'
import { trialSamples, triedSamples } from './quantization/trialSamples.js'
import { passesOf } from './refinement/steps.js'
import { checkpointUse, resumable } from './resumable.js'
import { type RunOptions, type Setting, stageTimer, warnOfSkipped, withPool } from './run.js'
import { solveRun } from './solveRun.js'
import { writeRun } from './written.js'

/** How many stages a whole quantization has, as in Knight's log. */
const STAGES = 5

/** Quantizes a model as `config` says and writes the results to its save-dir. Rejects with SquireError. */
export function quantize(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  const checkpoint = new Checkpoint(checkpointPath(config), checkpointUse(config, options))
  const running = withPool(config, reporter, options, async (rig) => {
    const isAuto = config.runMode === 'auto_quant'
    const timer = stageTimer(reporter, isAuto ? STAGES + 1 : STAGES)
    await checkWritable(config.saveDir)
    await checkpoint.begin()
    if (config.cacheDistribution !== undefined) {
      await checkWritable(dirname(config.cacheDistribution), '--cache-distribution')
    }
    const setting: Setting = { ...rig, config, reporter, timer }
    const { runner, prepared: given } = await prepareRun(setting, checkpoint)
    reporter.workload?.(await workloadOf(config, runner, given))
    const observed = await calibrated(config, given, runner, async () => {
      const model = await makeObserved(given, rig.workspace, runner.iterations.at(-1))
      for (const line of model.log) reporter.debug(line)
      return runner.observe(model)
    })
    warnOfSkipped(runner, reporter)
    const mixed = isAuto ? await mixRun(setting, runner, given, observed) : undefined
    const prepared = mixed?.prepared ?? given
    const solved = mixed?.solved ?? (await solveRun(setting, runner, given, observed))

    timer.stage('post-process')
    const measure: Context['measure'] =
      config.evaluation === undefined ? measureWith(runner) : await restoredMeasure(config.evaluation, runner)
    const context: Context = {
      ...{ config, reporter, pool: rig.pool, runner, measure, prepared, workspace: rig.workspace },
      several: solved.length > 1,
      warned: new Set(),
    }
    const outcomes = await measureJobs(context, solved)
    outcomes.sort((a, b) => byLoss(rankOf(a), rankOf(b)))
    const layers = await compareRun(context, observed, outcomes)
    // Only now: a metric that fails on one quantization leaves nothing of the others behind.
    const { run, report } = await writeRun(context, outcomes, {
      ...{ given, observed, mixed, layers, timer },
      firstMode: solved[0]!.job.mode,
      command: options.command,
    })
    for (const line of adviceLines(report.advice)) reporter.info(line)
    await checkpoint.remove()
    return run
  })
  return resumable(checkpoint, running)
}

/** Samples that the run will take, for its progress. */
async function workloadOf(config: Config, runner: Runner, prepared: Prepared): Promise<number> {
  const { plan } = prepared
  const passes = passesOf(config.refine, plan)
  const work = await runner.workload(config.modes.length, mostCompared(config), passes)
  const trials = await Promise.all(
    runner.iterations.map(async (one) => trialSamples(plan, await runner.calibratedSamples(one))),
  )
  const tried = triedSamples(config, trials, roomFor(prepared) * runner.parallel)
  return work + tried + mixSamples(config, plan.operators.length, trials.at(-1)!)
}

/** The metrics of integer models of one `-i` value. */
function measureWith(runner: Runner): Context['measure'] {
  return async (measured) => {
    const models = measured.map(({ job: { mode: name }, file }) => ({ name, file }))
    return runner.measure(models, measured[0]!.job.observed.iteration)
  }
}

function checkpointPath({ saveDir }: Config): string {
  return join(saveDir, '.squire-checkpoint')
}
