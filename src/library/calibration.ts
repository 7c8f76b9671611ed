// A quantization in steps: calibrate once, solve in any modes, evaluate what was solved, write what is wanted. The calibration holds the
// workers, the data and the temporary files until it is closed; its steps run one after another, whatever order they are called in.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeObserved } from '../calibrate/observed.js'
import type { Prepared } from '../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../calibrate/runner.js'
import { decodeDistribution, encodeDistribution } from '../calibrate/storage/distribution.js'
import { makeConfig } from '../config/config.js'
import { SquireError } from '../errors.js'
import { evaluationOf } from '../evaluate/evaluate.js'
import { saveAll } from '../files/save.js'
import { prepareRun } from '../runs/prepareRun.js'
import type { Solved } from '../runs/quantization/quantization.js'
import { integerFile, quantizationFiles } from '../runs/quantization/quantization.js'
import { distributionKey } from '../runs/quantization/statistics.js'
import { openRig, type Setting, stageTimer, warnOfSkipped } from '../runs/run.js'
import { solveRun } from '../runs/solveRun.js'
import { squireVersion } from '../version.js'
import type {
  CalibrateOptions,
  Calibration,
  EvaluationResult,
  ExportOptions,
  ExportResult,
  Solution,
  SolveOptions,
  Statistics,
} from './libraryTypes.js'
import { type GivenOptions, partsOf } from './options.js'
import { reporterOf, speakingOfOptions } from './speaking.js'

export function calibrate(options: CalibrateOptions): Promise<Calibration> {
  return speakingOfOptions(async () => {
    const { statistics: known, ...rest } = options
    const parts = partsOf(rest)
    const { config, values, hooks } = parts
    const reporter = reporterOf(hooks)
    const rig = await openRig(config, reporter, { ...(hooks.signal && { signal: hooks.signal }), values })
    const setting: Setting = { ...rig, config, reporter, timer: stageTimer(reporter) }
    try {
      const { runner, prepared } = await prepareRun(setting, undefined)
      const observed = await (known === undefined
        ? observe(setting, runner, prepared)
        : restore(setting, runner, prepared, known))
      warnOfSkipped(runner, reporter)
      const statistics = await Promise.all(observed.map((one) => statisticsOf(setting, runner, prepared, one)))
      return new OpenCalibration({ parts, setting, runner, prepared, observed, statistics, end: () => rig.close() })
    } catch (error) {
      await rig.close()
      throw error
    }
  })
}

async function observe({ workspace, reporter }: Setting, runner: Runner, prepared: Prepared) {
  const model = await makeObserved(prepared, workspace, runner.iterations.at(-1))
  for (const line of model.log) reporter.debug(line)
  return runner.observe(model)
}

/** Statistics that an earlier calibration gave. @throws SquireError CACHE where they belong to another model, other data or other options */
async function restore({ config }: Setting, runner: Runner, prepared: Prepared, bytes: Uint8Array) {
  const [iteration, ...more] = runner.iterations
  if (iteration === undefined || more.length > 0) {
    throw new SquireError('CONFIG', 'option "statistics" is of one calibration: give one value of option "iterations"')
  }
  const origin = { name: 'option "statistics"', advice: 'Leave it away to calibrate again.' }
  const key = await distributionKey(config, prepared, runner, iteration)
  const distribution = decodeDistribution(bytes, origin, prepared.plan, key)
  await runner.skipObservation()
  return [{ iteration, ...distribution }]
}

async function statisticsOf(
  { config }: Setting,
  runner: Runner,
  prepared: Prepared,
  observed: CalibrationResult,
): Promise<Statistics> {
  const { iteration, samples, floatMetric } = observed
  const key = await distributionKey(config, prepared, runner, iteration)
  const toArrow = () => Buffer.concat(encodeDistribution(prepared.plan, observed, key, squireVersion()))
  return { iteration, samples, floatMetric, toArrow }
}

interface Held {
  readonly parts: GivenOptions
  readonly setting: Setting
  readonly runner: Runner
  readonly prepared: Prepared
  readonly observed: readonly CalibrationResult[]
  readonly statistics: readonly Statistics[]
  readonly end: () => Promise<void>
}

class OpenCalibration implements Calibration {
  readonly statistics: readonly Statistics[]
  readonly #held: Held
  #last: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(held: Held) {
    this.#held = held
    this.statistics = held.statistics
  }

  get skipped(): Calibration['skipped'] {
    return this.#held.runner.skipped
  }

  /** After the steps that were called before. @throws SquireError CONFIG once the calibration is closed */
  step<Result>(work: (held: Held) => Promise<Result>): Promise<Result> {
    return speakingOfOptions(() => {
      if (this.#closed !== undefined) throw new SquireError('CONFIG', 'the calibration is closed: calibrate again')
      const result = this.#last.then(() => work(this.#held))
      this.#last = result.catch(() => {})
      return result
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#last.then(() => this.#held.end())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class OpenSolution implements Solution {
  readonly mode: Solution['mode']
  readonly iteration: number
  readonly tensors: Solution['tensors']
  readonly warnings: readonly string[]
  readonly error: string | undefined

  constructor(
    readonly calibration: OpenCalibration,
    readonly solved: Solved,
    readonly setting: Setting,
  ) {
    const { job, fixed } = solved
    const failed = fixed instanceof SquireError
    this.mode = job.mode
    this.iteration = job.observed.iteration
    this.tensors = failed
      ? new Map()
      : new Map([...fixed.quantized].map(([name, { scale, bits, offset = 0 }]) => [name, { scale, bits, offset }]))
    this.warnings = failed ? [] : fixed.warnings
    this.error = failed ? fixed.message : undefined
  }
}

export async function solve(calibration: Calibration, options: SolveOptions): Promise<readonly Solution[]> {
  const open = opened(calibration)
  return open.step(async ({ parts, setting, runner, prepared, observed }) => {
    const own: Setting = { ...setting, config: makeConfig({ ...parts.given, ...options }) }
    const solved = await solveRun(own, runner, prepared, observed)
    return solved.map((one) => new OpenSolution(open, one, own))
  })
}

export async function evaluateSolution(solution: Solution): Promise<EvaluationResult> {
  const { calibration, solved, setting } = solutionOf(solution)
  return calibration.step(async ({ runner }) => {
    const { job } = solved
    const fixed = integersOf(solved)
    const { iteration, floatMetric } = job.observed
    const integerMetric = async () => {
      const file = await integerFile(setting, job, fixed)
      const [metric] = await runner.measure([{ name: job.mode, file }], iteration)
      for (const path of [file.path, `${file.path}.data`]) await rm(path, { force: true })
      return metric
    }
    const evaluation = evaluationOf(floatMetric, floatMetric === undefined ? undefined : await integerMetric())
    return { floatMetric, integerMetric: evaluation.fixMetric, loss: evaluation.loss }
  })
}

export async function exportModel(
  solution: Solution,
  { saveDir, outputDequant }: ExportOptions,
): Promise<ExportResult> {
  const { calibration, solved, setting } = solutionOf(solution)
  return calibration.step(async ({ parts }) => {
    const { modes, percent, zeroPoints, refine } = setting.config
    const asked = { modes, percent, zeroPoints, refine, saveDir, ...(outputDequant !== undefined && { outputDequant }) }
    const config = makeConfig({ ...parts.given, ...asked })
    const files = await quantizationFiles({ config }, solved.job, integersOf(solved))
    await saveAll(config.saveDir, files)
    return { files: [...files.keys()].map((file) => join(config.saveDir, file)) }
  })
}

function integersOf({ fixed }: Solved) {
  if (fixed instanceof SquireError) throw fixed
  return fixed
}

function opened(calibration: Calibration): OpenCalibration {
  if (calibration instanceof OpenCalibration) return calibration
  throw new SquireError('CONFIG', 'solve() takes what calibrate() resolved to')
}

function solutionOf(solution: Solution): OpenSolution {
  if (solution instanceof OpenSolution) return solution
  throw new SquireError('CONFIG', 'evaluate() and exportModel() take a solution that solve() resolved to')
}
