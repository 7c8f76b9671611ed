// The pipeline: reads as the list of stages, and is the only place that knows all of them.

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Checkpoint } from './calibrate/checkpoint.js'
import { classHistogram, type Distribution, encodeDistribution, readDistribution } from './calibrate/distribution.js'
import { makeObservable } from './calibrate/observed.js'
import { type Prepared, prepare } from './calibrate/prepare.js'
import type { Config } from './config/config.js'
import { openRunner } from './engine/open.js'
import type { Observed, Runner } from './engine/runner.js'
import { exitCodes, SquireError } from './errors.js'
import { checkWritable, saveAll } from './export/save.js'
import { chipProfile } from './fixedpoint/chip.js'
import { solveFixedPoint } from './fixedpoint/solve.js'
import { readModel } from './onnx/model.js'
import { optimize } from './onnx/passes/index.js'
import { attempt, byLoss, type Context, type Job, measureJob, type Outcome, saveOutcome } from './quantization.js'
import { adviceLines } from './report/advice.js'
import { reportJson } from './report/json.js'
import { planLines } from './report/plan.js'
import type { ModeResult, Reporter, RunResult } from './report/types.js'
import { type RunOptions, stageTimer, withPool } from './run.js'
import { type ClassHistogram, solveClasses } from './solve/classes.js'
import { squireVersion } from './version.js'

/** Quantizes a model as `config` says and writes the results to its save-dir. Rejects with SquireError. */
export function quantize(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  const checkpoint = new Checkpoint(checkpointPath(config), config.resume)
  const running = withPool(config, reporter, options, async ({ pool, workspace, signal, closeAtEnd }) => {
    const timer = stageTimer(reporter)
    await checkWritable(config.saveDir)
    if (config.cacheDistribution !== undefined) {
      await checkWritable(dirname(config.cacheDistribution), '--cache-distribution')
    }
    const chip = chipProfile(config.chip)

    timer.stage('graph optimization')
    const source = await readModel(config.model)
    const { model, log } = await optimize(source)
    for (const line of log) reporter.debug(line)
    const runner = await openRunner({ config, model: source, pool, store: checkpoint, reporter, signal })
    closeAtEnd(runner)

    timer.stage('float run and scales')
    const prepared = await prepare(model, await runner.firstFeeds(), workspace)
    for (const line of planLines(prepared.plan)) reporter.info(line)
    const observed = await calibrate(config, prepared, runner, async () => {
      const model = await makeObservable(prepared, workspace)
      for (const line of model.log) reporter.debug(line)
      return runner.observe(model)
    })
    warnOfSkipped(runner, reporter)

    timer.stage('model quantization')
    const wideLevels = 2 ** (chip.wideBits - 1) - 1
    const levels = { narrow: 2 ** (config.bitWidth - 1) - 1, wide: wideLevels }
    const jobs: Job[] = []
    for (const one of observed) {
      const classes = classHistograms(prepared, one, reporter)
      const solved = await solveClasses({ pool, classes, modes: config.modes, percent: config.percent, levels })
      for (const mode of config.modes) jobs.push({ observed: one, mode, thresholds: solved.get(mode)! })
    }

    timer.stage('fixed-point parameters')
    const several = jobs.length > 1
    const fixed = jobs.map((job) => attempt(several, () => solveFixedPoint(prepared.plan, job.thresholds, chip)))

    timer.stage('post-process')
    const context: Context = { config, reporter, runner, prepared, workspace, several, warned: new Set() }
    const outcomes: Outcome[] = []
    for (const [i, job] of jobs.entries()) outcomes.push(await measureJob(context, job, fixed[i]!))
    // Only now: a metric that fails on one quantization leaves nothing of the others behind.
    const results: ModeResult[] = []
    for (const outcome of outcomes) results.push(await saveOutcome(context, outcome))
    results.sort(byLoss)
    const run: RunResult = { saveDir: config.saveDir, results, skipped: runner.skipped, stageSeconds: timer.done() }
    await saveRun(config, prepared, runner, observed, run)
    for (const line of adviceLines(run, observed.at(-1)?.samples ?? 0)) reporter.info(line)
    await checkpoint.remove()
    return run
  })
  return running.catch(async (error: unknown) => {
    if (!(error instanceof SquireError)) throw error
    if (!wouldFailAgain(error)) throw withResumeHint(error, checkpoint)
    await checkpoint.withdraw()
    throw error
  })
}

/** Whether the same command, resumed, would meet the same failure: there is nothing to keep then. */
function wouldFailAgain({ code }: SquireError): boolean {
  return exitCodes[code] < exitCodes.OUTPUT
}

function withResumeHint({ code, message, cause }: SquireError, { path }: Checkpoint): SquireError {
  const kept = existsSync(path)
  if (!kept && code !== 'INTERRUPTED') return new SquireError(code, message, { cause })
  const hint = kept
    ? `${path} keeps what is done: repeat the command with --resume to go on from there`
    : 'nothing was written'
  return new SquireError(code, `${message.replace(/\.$/, '')}; ${hint}.`, { cause })
}

function checkpointPath({ saveDir }: Config): string {
  return join(saveDir, '.squire-checkpoint')
}

/** The statistics of every -i value, from the cache where there is one; else from `observe`. */
async function calibrate(
  config: Config,
  prepared: Prepared,
  runner: Runner,
  observe: () => Promise<readonly Observed[]>,
): Promise<readonly Observed[]> {
  const path = config.cacheDistribution
  if (path === undefined) return observe()
  const [iteration, ...more] = runner.iterations
  if (iteration === undefined || more.length > 0) {
    throw new SquireError(
      'USAGE',
      `-cd holds the distribution of one calibration; got -i ${runner.iterations.join(' ')}. Give one -i.`,
    )
  }
  const key = await distributionKey(config, prepared, runner, iteration)
  const cached = await readDistribution(path, prepared.plan, key)
  if (cached !== undefined) return [{ iteration, ...cached }]
  const observed = await observe()
  await saveAll(
    dirname(path),
    new Map([[basename(path), encodeDistribution(prepared.plan, observed[0]!, key, squireVersion())]]),
  )
  return observed
}

async function distributionKey(config: Config, prepared: Prepared, runner: Runner, iteration: number) {
  const { samples, perClass, seed } = config.selection
  const evaluation = config.evalIteration ?? iteration
  const drawn = `samples ${samples ?? 'all'}, per class ${perClass ?? 'all'}, seed ${seed}`
  return {
    modelHash: prepared.key,
    datasetDigest: await runner.digest(),
    options: `-i ${iteration} -bs ${config.batchSize}, evaluated on ${evaluation}, ${drawn}, bad samples: ${config.onBadSample}`,
  }
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

/** Files of the run as a whole: the statistics of each -i value and the report. */
async function saveRun(
  config: Config,
  prepared: Prepared,
  runner: Runner,
  observed: readonly Observed[],
  run: RunResult,
): Promise<void> {
  const files = new Map<string, Uint8Array | string>()
  for (const one of observed) {
    const key = await distributionKey(config, prepared, runner, one.iteration)
    const name = observed.length > 1 ? `stats_it_${one.iteration}.arrow` : 'stats.arrow'
    const distribution: Distribution = one
    files.set(name, encodeDistribution(prepared.plan, distribution, key, squireVersion()))
  }
  files.set('report.json', reportJson(run, config))
  await saveAll(config.saveDir, files)
}

function warnOfSkipped(runner: Runner, reporter: Reporter): void {
  for (const { reason } of runner.skipped) reporter.warn(`skipped: ${reason}`)
}
