// --refine: what a quantization gains from its calibration samples once its scales are known. Neither labels nor gradients are needed, and the same
// samples give the same bytes: all that is added over them is a whole number.

import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import type { HeldSample } from '../../engine/protocol.js'
import { stopFlag } from '../../engine/stopFlag.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import type { RefinementRecord } from '../../report/types.js'
import type { Job } from '../quantization/quantization.js'
import type { Setting, Solved } from '../stages.js'
import { type Halves, halvesOf, LEAST_HELD, sizeOf } from './held.js'
import { refinableOperators } from './operators.js'
import { passesOf, refineModel } from './steps.js'

export type Solve = (job: Job, plan: Plan) => FixedPointModel

/** Every quantization, made better as far as --refine asks for it. */
export async function refineRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  solved: readonly Solved[],
  solve: Solve,
): Promise<readonly Solved[]> {
  const { refine } = setting.config
  if (refine === 'none') return solved
  const heldOf = new Map<number, Halves<readonly HeldSample[]>>()
  for (const iteration of new Set(solved.map(({ job }) => job.observed.iteration))) {
    const held = halvesOf(await runner.hold(iteration, prepared.plain))
    if (sizeOf(held) >= LEAST_HELD) heldOf.set(iteration, held)
    else {
      setting.reporter.warn(
        `--refine ${refine} needs at least ${LEAST_HELD} calibration samples of one size, -i ${iteration} has ${sizeOf(held)}: ` +
          'it is not refined. Give a larger -i.',
      )
    }
  }
  const refined: Solved[] = []
  for (const one of solved) {
    const held = heldOf.get(one.job.observed.iteration)
    refined.push(held === undefined ? one : await refineOne(setting, one, held, solve))
  }
  return refined
}

async function refineOne(
  setting: Setting,
  { job, fixed }: Solved,
  held: Halves<readonly HeldSample[]>,
  solve: Solve,
): Promise<Solved> {
  const { config, reporter, pool, workspace, signal } = setting
  const { plan, staticModel: source } = job.prepared
  if (fixed instanceof SquireError || refinableOperators(plan).length === 0) return { job, fixed }
  const total = passesOf(config.refine, plan) * sizeOf(held)
  const progress = reporter.progress(`refining ${job.mode}`, total, 'samples')
  let done = 0
  const onSample = () => progress.update(++done)
  const passes = { pool, workspace, source, stop: stopFlag(signal).buffer, onSample }
  const refined = await refineModel(config.refine, passes, held, { plan, fixed }, (one) => solve(job, one)).finally(
    () => progress.finish(),
  )
  const record = { samples: sizeOf(held), steps: refined.steps }
  reporter.info(`${job.mode}: ${inWords(record)}`)
  const prepared = { ...job.prepared, plan: refined.plan }
  return { job: { ...job, refinement: record, prepared }, fixed: refined.fixed }
}

function inWords({ samples, steps }: RefinementRecord): string {
  const said = steps.map(({ step, after, kept }) => `${step} ${inDecibels(after)}${kept ? '' : ' (taken back)'}`)
  return (
    `refined on ${samples} samples, each half judged by the other; signal to noise at the outputs: ` +
    `${inDecibels(steps[0]!.before)}, with ${said.join(', ')}`
  )
}

function inDecibels(decibels: number | undefined): string {
  return decibels === undefined ? 'exact' : `${decibels.toFixed(1)} dB`
}
