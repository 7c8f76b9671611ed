// The pipeline: reads as the list of stages, and is the only place that knows all of them.

import { basename, dirname, join } from 'node:path'
import { makeObserved } from '../calibrate/observed.js'
import type { Prepared } from '../calibrate/prepare.js'
import type { Runner } from '../calibrate/runner.js'
import { Checkpoint } from '../calibrate/storage/checkpoint.js'
import type { Config, QuantMode } from '../config/config.js'
import { choiceOf, mixJson, mixOfOperators } from '../config/mix.js'
import { rawBytes } from '../files/npy.js'
import { type Content, checkWritable, Staging } from '../files/save.js'
import { hasOwnWidth } from '../plan/groups.js'
import { adviceLines } from '../report/advice/index.js'
import { reportFiles } from '../report/files.js'
import { reportOf } from '../report/json.js'
import { runFacts } from '../report/runFacts.js'
import type { ModeResult, Reporter, RunResult } from '../report/types.js'
import { restoredMeasure } from '../shares/restore.js'
import { compareRun, mostCompared } from './layers/layers.js'
import { mixRun, mixSamples } from './mix/index.js'
import { originOf } from './origin.js'
import { dumpFloat } from './quantization/dump.js'
import { measureJobs } from './quantization/measured.js'
import { byLoss, type Context, rankOf, saveOutcome } from './quantization/quantization.js'
import { roomFor } from './quantization/room.js'
import { calibrated, statisticsFiles } from './quantization/statistics.js'
import { trialSamples, triedSamples } from './quantization/trialSamples.js'
import { mixOf } from './quantization/widths.js'
import { passesOf } from './refinement/steps.js'
import { checkpointUse, resumable } from './resumable.js'
import { type RunOptions, stageTimer, withPool } from './run.js'
import { prepareRun, type Setting, solveRun, warnOfSkipped } from './stages.js'

/** Of a whole quantization, as in Knight's log. */
export const STAGES = 5

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
    const { workspace } = rig
    const setting: Setting = { ...rig, config, reporter, timer }
    const { runner, prepared: given } = await prepareRun(setting, checkpoint)
    const passes = passesOf(config.refine, given.plan)
    const work = await runner.workload(config.modes.length, mostCompared(config), passes)
    const trials = await Promise.all(
      runner.iterations.map(async (one) => trialSamples(given.plan, await runner.calibratedSamples(one))),
    )
    const tried = triedSamples(config, trials, roomFor(given) * runner.parallel)
    reporter.workload?.(work + tried + mixSamples(config, given.plan.operators.length, trials.at(-1)!))
    const observed = await calibrated(config, given, runner, async () => {
      const model = await makeObserved(given, workspace, runner.iterations.at(-1))
      for (const line of model.log) reporter.debug(line)
      return runner.observe(model)
    })
    warnOfSkipped(runner, reporter)
    const mixed = isAuto ? await mixRun(setting, runner, given, observed) : undefined
    const prepared = mixed?.prepared ?? given
    const solved = mixed?.solved ?? (await solveRun(setting, runner, given, observed))
    const several = solved.length > 1

    timer.stage('post-process')
    const measure: Context['measure'] =
      config.evaluation === undefined ? measureWith(runner) : await restoredMeasure(config.evaluation, runner)
    const context: Context = {
      config,
      reporter,
      pool: rig.pool,
      runner,
      measure,
      prepared,
      workspace,
      several,
      warned: new Set(),
    }
    const outcomes = await measureJobs(context, solved)
    outcomes.sort((a, b) => byLoss(rankOf(a), rankOf(b)))
    const layers = await compareRun(context, observed, outcomes)
    // Only now: a metric that fails on one quantization leaves nothing of the others behind. All files appear together.
    const staging = new Staging(config.saveDir)
    const write = async () => {
      const results: ModeResult[] = []
      for (const outcome of outcomes) results.push(await saveOutcome(context, outcome, staging))
      const { skipped } = runner
      const run: RunResult = {
        saveDir: config.saveDir,
        results,
        mix: mixed?.record,
        skipped,
        stageSeconds: timer.done(),
      }
      const data = { digest: await runner.digest(), samples: observed.at(-1)?.samples ?? 0 }
      const origin = { ...(await originOf(config, given.model)), data }
      const report = reportOf(run, config, origin, layers)
      await staging.add(await statisticsFiles(config, given, runner, observed))
      await staging.add(new Map(await inputFiles(runner)))
      if (config.dump) await staging.add(new Map(await dumpFloat(prepared)))
      const templates = [
        ...(mixed === undefined ? [] : [mixed.template]),
        ...(await templateFiles(config, prepared, solved[0]!.job.mode)),
      ]
      await staging.add(new Map(templates))
      for (const [name] of templates)
        reporter.info(`${name}: every operator's width and mode, as --mix-config takes them`)
      await staging.add(await reportFiles(report, runFacts(run, config, options.command)))
      await staging.commit()
      return { run, report }
    }
    const { run, report } = await write().catch(async (error: unknown) => {
      await staging.discard()
      throw error
    })
    for (const line of adviceLines(report.advice)) reporter.info(line)
    await checkpoint.remove()
    return run
  })
  return resumable(checkpoint, running)
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

/** The last input, as raw bytes. */
async function inputFiles(runner: Runner): Promise<[string, Content][]> {
  const feeds = Object.entries(await runner.lastFeeds())
  return feeds.map(([name, { data }]) => [`inputs/${name.replaceAll(/[/\\\0]/g, '_')}.bin`, rawBytes(data)])
}

/** -gt: a mixed configuration that names every operator with the width and mode it has. */
async function templateFiles(config: Config, { plan }: Prepared, mode: QuantMode): Promise<[string, string][]> {
  if (!config.generateTemplate) return []
  const mix = await mixOf(config)
  const bits = new Map(plan.groups.flatMap((one) => one.tensors.map((name) => [name, one.bits] as const)))
  const operators = plan.operators.filter(hasOwnWidth).map((operator) => ({
    name: operator.name,
    bits: bits.get(operator.inputs[0] ?? operator.outputs[0]!)!,
    mode: (mix && choiceOf(mix, operator)?.['quant-mode']) ?? mode,
  }))
  return [[`${basename(config.model, '.onnx')}_mix.json`, mixJson(mixOfOperators(operators))]]
}
