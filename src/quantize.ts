// The pipeline: reads as the list of stages, and is the only place that knows all of them.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Checkpoint } from './calibrate/checkpoint.js'
import { classHistogram, type Distribution, encodeDistribution, readDistribution } from './calibrate/distribution.js'
import { modelFile, type Prepared, prepare } from './calibrate/prepare.js'
import type { Config, QuantMode } from './config.js'
import { openRunner } from './engine/open.js'
import { Pool } from './engine/pool.js'
import type { Observed, Runner } from './engine/runner.js'
import { exitCodes, SquireError } from './errors.js'
import { type Evaluation, evaluate, lossLine } from './evaluate/evaluate.js'
import { integerModel } from './export/integerModel.js'
import { qdqModel } from './export/qdqModel.js'
import { checkWritable, saveAll } from './export/save.js'
import { scaleJson } from './export/scaleJson.js'
import { chipProfile } from './fixedpoint/chip.js'
import { solveFixedPoint } from './fixedpoint/solve.js'
import type { FixedPointModel } from './fixedpoint/types.js'
import { encodeModel, readModel } from './onnx/model.js'
import { optimize } from './onnx/passes/index.js'
import type { ModelProto } from './onnx/types.js'
import { reportJson } from './report/json.js'
import { planLines } from './report/plan.js'
import type { ModeResult, Reporter, RunResult } from './report/types.js'
import { type ClassHistogram, solveClasses } from './solve/classes.js'
import { squireVersion } from './version.js'

export interface RunOptions {
  /** Aborting it stops the run at the next forward pass, after a checkpoint. */
  readonly signal?: AbortSignal
  /** A folder for temporary files; default: a new one, removed at the end. */
  readonly workspace?: string
}

/** Quantizes a model as `config` says and writes the results to its save-dir. Rejects with SquireError. */
export function quantize(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  const checkpoint = new Checkpoint(checkpointPath(config), config.resume)
  const running = withPool(config, reporter, options, async (pool, workspace, signal) => {
    const timer = stageTimer(reporter)
    await checkWritable(config.saveDir)
    const chip = chipProfile(config.chip)

    timer.stage('graph optimization')
    const source = await readModel(config.model)
    const { model, log } = await optimize(source)
    for (const line of log) reporter.debug(line)
    const runner = await openRunner({ config, model: source, pool, store: checkpoint, reporter, signal })

    timer.stage('float run and scales')
    const prepared = await prepare(model, await runner.firstFeeds(), workspace)
    for (const line of planLines(prepared.plan)) reporter.info(line)
    const observed = await calibrate(config, prepared, runner)
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

/** Runs any model (float, integer, all layers) through the infer function or dataset; the result holds its metric. */
export function infer(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  return withPool(config, reporter, options, async (pool, workspace, signal) => {
    const timer = stageTimer(reporter)
    timer.stage('run')
    const model = await readModel(config.model)
    const runner = await openRunner({ config, model, pool, store: undefined, reporter, signal })
    const file = await modelFile(model.proto, join(workspace, 'model.onnx'))
    const results: ModeResult[] = []
    for (const iteration of runner.iterations) {
      const metric = await runner.measure(file, iteration, 'running the model')
      results.push({
        model: basename(config.model),
        mode: 'infer',
        iteration,
        loss: undefined,
        floatMetric: undefined,
        fixMetric: metric,
        directory: '.',
        files: [],
        error: undefined,
      })
    }
    return { saveDir: config.saveDir, results, skipped: runner.skipped, stageSeconds: timer.done() }
  })
}

interface Job {
  readonly observed: Observed
  readonly mode: QuantMode
  readonly thresholds: ReadonlyMap<string, number>
}

interface Context {
  readonly config: Config
  readonly reporter: Reporter
  readonly runner: Runner
  readonly prepared: Prepared
  readonly workspace: string
  readonly several: boolean
  /** Warnings of earlier quantizations: most hold for all, and are said once. */
  readonly warned: Set<string>
}

async function withPool(
  config: Config,
  reporter: Reporter,
  options: RunOptions,
  run: (pool: Pool, workspace: string, signal: AbortSignal) => Promise<RunResult>,
): Promise<RunResult> {
  const signal = options.signal ?? new AbortController().signal
  const workspace = options.workspace ?? (await mkdtemp(join(tmpdir(), 'squire-')))
  await mkdir(workspace, { recursive: true })
  const onDeath = (what: string, reason: string) =>
    reporter.warn(`a worker died (${reason}) with ${what}; it runs again`)
  const pool = new Pool({ threads: config.cpuNum, onDeath })
  try {
    return await run(pool, workspace, signal)
  } finally {
    const closed = pool.close()
    // Whoever interrupts a run does not wait for forward passes in flight.
    if (!signal.aborted) await closed
    if (options.workspace === undefined) await rm(workspace, { recursive: true, force: true })
  }
}

function checkpointPath({ saveDir }: Config): string {
  return join(saveDir, '.squire-checkpoint')
}

/** The statistics of every -i value, from the cache where there is one. */
async function calibrate(config: Config, prepared: Prepared, runner: Runner): Promise<readonly Observed[]> {
  const path = config.cacheDistribution
  if (path === undefined) return runner.observe(prepared)
  const [iteration, ...more] = runner.iterations
  if (iteration === undefined || more.length > 0) {
    throw new SquireError(
      'USAGE',
      `-cd holds the distribution of one calibration; got -i ${runner.iterations.join(' ')}. Give one -i.`,
    )
  }
  const key = distributionKey(config, prepared, runner, iteration)
  const cached = await readDistribution(path, prepared.plan, key)
  if (cached !== undefined) return [{ iteration, ...cached }]
  const observed = await runner.observe(prepared)
  await saveAll(
    join(path, '..'),
    new Map([[basename(path), encodeDistribution(prepared.plan, observed[0]!, key, squireVersion())]]),
  )
  return observed
}

function distributionKey(config: Config, prepared: Prepared, runner: Runner, iteration: number) {
  const { samples, perClass, seed } = config.selection
  const evaluation = config.evalIteration ?? iteration
  const drawn = `samples ${samples ?? 'all'}, per class ${perClass ?? 'all'}, seed ${seed}`
  return {
    modelHash: prepared.key,
    datasetDigest: runner.digest,
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

/** A failure of one quantization among several is a result; of the only one, it is the run's. */
function attempt<T>(several: boolean, work: () => T): T | SquireError {
  try {
    return work()
  } catch (error) {
    if (several && error instanceof SquireError) return error
    throw error
  }
}

/** A quantization that could be made, and its measure; or why not. */
interface Outcome {
  readonly job: Job
  readonly made: { readonly fixed: FixedPointModel; readonly evaluation: Evaluation } | SquireError
}

async function measureJob(context: Context, job: Job, fixed: FixedPointModel | SquireError): Promise<Outcome> {
  const { reporter, runner, workspace, several, warned } = context
  const { iteration, floatMetric } = job.observed
  if (fixed instanceof SquireError) {
    reporter.warn(`${job.mode}, -i ${iteration}: ${fixed.message}`)
    return { job, made: fixed }
  }
  if (several) reporter.info(`start ${job.mode}, -i ${iteration}`)
  for (const warning of fixed.warnings) {
    if (!warned.has(warning)) reporter.warn(warning)
    warned.add(warning)
  }
  const integer = integerOf(context, job, fixed, { outputDequant: true, allLayers: false })
  const file = await modelFile(integer, join(workspace, `${job.mode}_it_${iteration}.onnx`))
  const evaluation = await evaluate(runner, file, iteration, floatMetric, `evaluating ${job.mode}`)
  await rm(file.path)
  // Of the only quantization the results say it.
  if (several) reporter.info(`end ${job.mode}, -i ${iteration}: ${lossLine(evaluation)}`)
  return { job, made: { fixed, evaluation } }
}

function integerOf(
  { prepared }: Context,
  { mode }: Job,
  fixed: FixedPointModel,
  options: { readonly outputDequant: boolean; readonly allLayers: boolean },
): ModelProto {
  return integerModel(fixed, prepared.staticModel, { mode, version: squireVersion(), ...options })
}

/** Writes the files of one quantization. */
async function saveOutcome(context: Context, { job, made }: Outcome): Promise<ModeResult> {
  const { config, prepared, several } = context
  const { iteration, floatMetric } = job.observed
  const directory = several ? `${job.mode}_it_${iteration}` : '.'
  const base = { model: basename(config.model), mode: job.mode, iteration, directory, floatMetric }
  if (made instanceof SquireError) {
    return { ...base, loss: undefined, fixMetric: undefined, files: [], error: made.message }
  }
  const { fixed, evaluation } = made
  const { outputDequant } = config
  const name = basename(config.model, '.onnx')
  const files = new Map<string, Uint8Array | string>([
    [`${name}_quantize.onnx`, encodeModel(integerOf(context, job, fixed, { outputDequant, allLayers: false }))],
    [`${name}_qdq.onnx`, encodeModel(qdqModel(fixed, prepared.staticModel))],
    [`${name}_scale.json`, scaleJson(fixed)],
    ['steps/optimized.onnx', encodeModel(prepared.model.proto)],
    [
      'steps/output_all_layers_quantize.onnx',
      encodeModel(integerOf(context, job, fixed, { outputDequant, allLayers: true })),
    ],
  ])
  await saveAll(join(config.saveDir, directory), files)
  const { loss, fixMetric } = evaluation
  return { ...base, loss, fixMetric, files: [...files.keys()], error: undefined }
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
    const key = distributionKey(config, prepared, runner, one.iteration)
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

/** By loss, those without one after, failures last; then by mode and iteration, so that the order is total. */
function byLoss(a: ModeResult, b: ModeResult): number {
  const rank = ({ loss, error }: ModeResult) =>
    error !== undefined ? Number.POSITIVE_INFINITY : (loss ?? Number.MAX_VALUE)
  const [left, right] = [rank(a), rank(b)]
  if (left !== right) return left < right ? -1 : 1
  return a.iteration - b.iteration || (a.mode < b.mode ? -1 : a.mode > b.mode ? 1 : 0)
}

function stageTimer(reporter: Reporter) {
  const seconds: Record<string, number> = {}
  let current: string | undefined
  let since = 0
  const end = () => {
    if (current !== undefined) seconds[current] = (performance.now() - since) / 1000
  }
  return {
    stage(name: string) {
      end()
      current = name
      since = performance.now()
      reporter.stage(name)
    },
    done() {
      end()
      return seconds
    },
  }
}
