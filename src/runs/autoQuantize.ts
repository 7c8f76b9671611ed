// -r auto_quant: squire chooses which operators get 16 bits, writes that as a mixed configuration, and quantizes with it.

import { basename, join } from 'node:path'
import { makeObservable } from '../calibrate/observed.js'
import type { Config, QuantMode } from '../config/config.js'
import { mixTemplate } from '../config/mix.js'
import { SquireError } from '../errors.js'
import { checkWritable, saveAll } from '../files/save.js'
import { chooseMix, type Mix } from '../noise/mix.js'
import { modelInputs } from '../onnx/model.js'
import type { PlannedOperator } from '../operators/types.js'
import { hasOwnWidth } from '../plan/groups.js'
import type { Reporter, RunResult } from '../report/types.js'
import { noiseShares } from './layers/noiseShares.js'
import { quantize, STAGES } from './quantize.js'
import { type RunOptions, stageTimer, withPool } from './run.js'
import { prepareRun, type Setting, solveRun, warnOfSkipped } from './stages.js'

/** Share of the model's cost that may be in 16 bits. */
const RATIO = 0.1
/** Samples that the noise is measured on, unless --noise-shares says more. */
const SAMPLES = 4

/** Finding the mix has the stages of a quantization but for the last. */
const ALL_STAGES = 2 * STAGES - 1

/** Rejects with SquireError. Calibrates twice: in 8 bits to find the mix, and the mix. */
export async function autoQuantize(config: Config, reporter: Reporter, options: RunOptions = {}): Promise<RunResult> {
  await checkWritable(config.saveDir)
  const { template, mode } = await findMix(config, reporter, options)
  const name = `${basename(config.model, '.onnx')}_auto_mix.json`
  await saveAll(config.saveDir, new Map([[name, template]]))
  reporter.info(`${name}: the mix as --mix-config takes it`)
  return quantize({ ...config, modes: [mode], mixConfig: join(config.saveDir, name) }, reporter, {
    ...options,
    stages: ALL_STAGES,
  })
}

interface Found {
  readonly template: string
  readonly mode: QuantMode
}

function findMix(config: Config, reporter: Reporter, options: RunOptions): Promise<Found> {
  return withPool(config, reporter, options, async (rig) => {
    // What is measured is what widths do.
    const plain: Config = { ...config, refine: 'none' }
    const setting: Setting = { ...rig, config: plain, reporter, timer: stageTimer(reporter, ALL_STAGES) }
    const { runner, prepared } = await prepareRun(setting, undefined)
    const observed = await runner.observe(await makeObservable(prepared, rig.workspace))
    warnOfSkipped(runner, reporter)
    const solved = await solveRun(setting, runner, prepared, observed.slice(-1))
    const [made] = solved.filter(({ fixed }) => !(fixed instanceof SquireError))
    if (made === undefined || made.fixed instanceof SquireError) throw solved[0]!.fixed
    const { job, fixed } = made
    const most = Math.max(SAMPLES, config.noiseShares) * config.batchSize
    const asked = { runner, workspace: rig.workspace, prepared: job.prepared, fixed, iteration: job.observed.iteration }
    const { shares } = await noiseShares({ ...asked, most, title: `noise of ${job.mode}` })
    // Of the model as it was given: zero points that are folded into it have no operators to give bits to.
    const { plan, model } = prepared
    const operators = plan.operators.filter(hasOwnWidth)
    const ends = new Set([...modelInputs(model.proto), ...model.proto.graph.output].map(({ name }) => name))
    const atEnds = ({ inputs, outputs }: PlannedOperator) => [...inputs, ...outputs].some((tensor) => ends.has(tensor))
    const first = config.autoMixStrategy === 'IOhigh' ? operators.filter(atEnds) : []
    const mix = chooseMix({ plan, operators, shares, ratio: config.autoMixRatio ?? RATIO, first })
    reporter.info(mixLine(mix, operators.length))
    const widths = operators.map((operator) => ({ ...operator, bits: mix.wide.includes(operator) ? 16 : 8 }))
    return { template: mixTemplate(widths, job.mode), mode: job.mode }
  })
}

function mixLine({ wide, removed, noise }: Mix, all: number): string {
  const share = noise === 0 ? 0 : (100 * removed) / noise
  const named = wide.slice(0, 5).map(({ name }) => `"${name}"`)
  const rest = wide.length > named.length ? `, and ${wide.length - named.length} more` : ''
  return `auto_quant: 16 bits for ${wide.length} of ${all} operators, which make ${share.toFixed(0)} % of the noise of 8 bits: ${named.join(', ')}${rest}`
}
