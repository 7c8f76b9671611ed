// -r auto_quant: which operators get 16 bits on a chip that mixes widths. Their noise shares propose, integer models that run on calibration samples
// decide: what is taken is never measured to be worse than 8 bits.

import { basename } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { CalibrationResult, Runner } from '../../calibrate/runner.js'
import type { Config } from '../../config/config.js'
import { mixJson } from '../../config/mix.js'
import { costOf } from '../../noise/cost.js'
import { chooseMix, type MixRequest, shareOfCost } from '../../noise/mix.js'
import { modelInputs } from '../../onnx/model.js'
import type { PlannedOperator } from '../../operators/types.js'
import { hasOwnWidth } from '../../plan/groups.js'
import type { MixRecord } from '../../report/types.js'
import { noiseShares } from '../layers/noiseShares.js'
import { modesTitle, modeTrials } from '../quantization/pickModes.js'
import type { Job, Solved } from '../quantization/quantization.js'
import { decibels, Trials } from '../quantization/trials.js'
import { decibelsOf } from '../refinement/judge.js'
import type { Setting } from '../run.js'
import { solveRun } from '../solveRun.js'
import { integersIn, measureMixes, mixFor, withMix } from './mixed.js'
import { leastNoise, type Measure, type Measured, MOST_TRIMS, reach, type Wide } from './search.js'

/** Share of the model's cost that may be in 16 bits, where neither a ratio nor an SQNR is asked for. */
const RATIO = 0.1
/** Of the share that may be in 16 bits, what the mixes that are tried take. */
const PARTS = [1, 1 / 2, 1 / 4, 1 / 8]
/** Samples that the noise is measured on, unless --noise-shares says more. */
const SAMPLES = 4

export interface MixedRun {
  /** The model with the widths that were found. */
  readonly prepared: Prepared
  readonly solved: readonly Solved[]
  /** The mix as --mix-config takes it, by the file's name. */
  readonly template: readonly [name: string, content: string]
  readonly record: MixRecord
}

/**
 * Samples of the search at most, for the run's progress.
 * @param samples of a trial
 */
export function mixSamples(config: Config, operators: number, samples: number): number {
  if (config.runMode !== 'auto_quant') return 0
  const mixes =
    config.autoMixSqnr === undefined ? PARTS.length + 1 : 2 + Math.ceil(Math.log2(operators + 1)) + MOST_TRIMS
  return sharesSamples(config) + mixes * samples
}

function sharesSamples({ noiseShares: asked, batchSize }: Config): number {
  return Math.max(SAMPLES, asked) * batchSize
}

/** @throws SquireError FIXED_POINT where the chip cannot run the model in 8 bits */
export async function mixRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  observed: readonly CalibrationResult[],
): Promise<MixedRun> {
  const { config, timer, workspace } = setting
  // What is measured is what widths do.
  const plain: Setting = { ...setting, config: { ...config, refine: 'none' } }
  const narrow = await solveRun(plain, runner, prepared, observed.slice(-1))
  timer.stage('bit widths')
  const trials = new Trials(setting, runner, prepared)
  const start = await leastNoisy(trials, narrow)
  const { job } = start
  const asked = {
    runner,
    workspace,
    prepared: job.prepared,
    fixed: integersIn(start),
    iteration: job.observed.iteration,
  }
  const { shares } = await noiseShares({ ...asked, most: sharesSamples(config), title: `noise of ${job.mode}` })
  const tried: Measured[] = []
  const measure = measureMixes(plain, trials, prepared, job, (measured) => tried.push(measured))
  // Of the model as it was given: zero points that are folded into it have no operators to give bits to.
  const { plan } = prepared
  const operators = plan.operators.filter(hasOwnWidth)
  const request = { plan, operators, shares, first: config.autoMixStrategy === 'IOhigh' ? atEnds(prepared) : [] }
  const found = await search(config, request, measure)
  sayWhatWasFound(setting, request, found, await measure([]))
  const record = recordOf(config, request, found, tried)
  const mix = mixFor(prepared, found.wide, job)
  const mixed = withMix(setting, prepared, mix)
  const settled = { ...config, modes: [job.mode], zeroPoints: job.zeroPoints.policy }
  // What was measured is what is made.
  const silent = { ...timer, stage: () => {} }
  const made = await solveRun({ ...setting, config: settled, timer: silent }, runner, mixed, observed, mix)
  const solved = made.map((one) => ({ ...one, job: chosenAs(job, one.job) }))
  const template = [`${basename(config.model, '.onnx')}_auto_mix.json`, mixJson(mix)] as const
  return { prepared: mixed, solved, template, record }
}

/** A quantization of the mix, with what its mode and its zero points were chosen from in 8 bits. */
function chosenAs({ modes, zeroPoints: { tried } }: Job, job: Job): Job {
  return { ...job, ...(modes && { modes }), zeroPoints: { ...job.zeroPoints, ...(tried && { tried }) } }
}

/** Of several modes the one that comes nearest to the float model; of equals the first. */
async function leastNoisy(trials: Trials, solved: readonly Solved[]): Promise<Solved> {
  const [first, ...more] = solved
  if (more.length === 0) return first!
  const candidates = solved.map(({ job, fixed }) => ({ job, fixed: () => fixed }))
  const { best, tried } = await trials.best(candidates, modesTitle)
  return best === undefined ? first! : { job: { ...best.job, modes: modeTrials(tried) }, fixed: best.fixed() }
}

/** Operators that read the model's inputs or write its outputs. */
function atEnds({ plan, model }: Prepared): PlannedOperator[] {
  const ends = new Set([...modelInputs(model.proto), ...model.proto.graph.output].map(({ name }) => name))
  return plan.operators
    .filter(hasOwnWidth)
    .filter(({ inputs, outputs }) => [...inputs, ...outputs].some((tensor) => ends.has(tensor)))
}

type Request = Omit<MixRequest, 'ratio'>

async function search({ autoMixRatio, autoMixSqnr }: Config, request: Request, measure: Measure): Promise<Measured> {
  const { first, operators, plan } = request
  const chosen = (ratio: number) => chooseMix({ ...request, ratio }).wide
  if (autoMixSqnr === undefined) {
    const ratio = autoMixRatio ?? RATIO
    const mixes = PARTS.map((part) => chosen(ratio * part))
    return leastNoise([first, ...mixes], measure)
  }
  const worthIt = chosen(autoMixRatio ?? 1)
  const taken = new Set(worthIt)
  // Without a limit every operator may have 16 bits in the end, also those whose own noise is nothing.
  const order: Wide =
    autoMixRatio === undefined ? [...worthIt, ...operators.filter((operator) => !taken.has(operator))] : worthIt
  const noise = 10 ** (-autoMixSqnr / 10)
  return reach({ noise, order, least: first.length, costOf: (operator) => costOf(operator, plan) }, measure)
}

function recordOf(
  { autoMixSqnr }: Config,
  { plan, operators }: Request,
  { wide, noise }: Measured,
  tried: readonly Measured[],
): MixRecord {
  const numbers = (one: Measured) => ({
    ratio: shareOfCost(one.wide, operators, plan),
    sqnr: decibelsOf(one.noise),
  })
  return {
    wide: wide.map(({ name }) => name),
    operators: operators.length,
    ...numbers({ wide, noise }),
    reached: autoMixSqnr === undefined ? undefined : noise <= 10 ** (-autoMixSqnr / 10),
    tried: tried.map((one) => ({ wide: one.wide.length, ...numbers(one) })),
  }
}

const MOST_NAMED = 5

function sayWhatWasFound(
  { config, reporter }: Setting,
  { plan, operators, first }: Request,
  { wide, noise }: Measured,
  inEightBits: number,
): void {
  const { autoMixRatio, autoMixSqnr } = config
  const named = wide.slice(0, MOST_NAMED).map(({ name }) => `"${name}"`)
  const rest = wide.length > named.length ? `, and ${wide.length - named.length} more` : ''
  const cost = (100 * shareOfCost(wide, operators, plan)).toFixed(1)
  const what =
    wide.length === 0
      ? 'no operator gets 16 bits'
      : `16 bits for ${wide.length} of ${operators.length} operators with ${cost} % of the multiplications: ${named.join(', ')}${rest}`
  reporter.info(
    `auto_quant: ${what}; signal to noise at the outputs on calibration samples: 8 bits ${decibels(inEightBits)}, this mix ${decibels(noise)}`,
  )
  if (autoMixSqnr !== undefined && noise > 10 ** (-autoMixSqnr / 10)) {
    const limit =
      autoMixRatio === undefined
        ? 'with every operator in 16 bits'
        : `with the ${100 * autoMixRatio} % of the multiplications that --auto-mix-ratio allows; allow more`
    reporter.warn(
      `--auto-mix-sqnr ${autoMixSqnr} is not reached: ${decibels(noise)} is what was measured ${limit}. ` +
        `${wide.length > first.length ? 'The run goes on with that mix.' : 'The run goes on with 8 bits.'}`,
    )
  } else if (autoMixSqnr === undefined && wide.length === first.length && inEightBits > 0) {
    reporter.warn(
      'auto_quant: none of the mixes that were tried is measured to be better than 8 bits: the model stays in 8 bits',
    )
  }
}
