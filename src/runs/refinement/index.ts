// --refine: what a quantization gains from its calibration samples once its scales are known. Neither labels nor gradients are needed, and the same
// samples give the same bytes: all that is added over them is a whole number.

import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import type { Refinement } from '../../config/config.js'
import type { HeldSample } from '../../engine/protocol.js'
import { stopFlag } from '../../engine/stopFlag.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import { decibelText } from '../../report/text/refined.js'
import type { RefinementRecord } from '../../report/types.js'
import type { Job, Solved } from '../quantization/quantization.js'
import type { Setting } from '../run.js'
import { type Halves, halvesOf, LEAST_HELD, sizeOf } from './held.js'
import { refinableOperators } from './operators.js'
import { passesOf, refineModel } from './steps.js'
import type { StoredRefinement } from './storage.js'
import { storeOf } from './store.js'

export type Solve = (job: Job, plan: Plan) => FixedPointModel

/** Every quantization, made better as far as --refine asks for it. */
export async function refineRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  solved: readonly Solved[],
  solve: Solve,
): Promise<readonly Solved[]> {
  const level = setting.config.refine
  if (level === 'none') return solved
  const heldOf = heldSamples(setting, level, runner, prepared)
  const refined: Solved[] = []
  for (const one of solved) {
    const found = await findOne(setting, level, runner, prepared, one, heldOf, solve)
    refined.push(found === undefined ? one : refinedJob(setting, one.job, found, solve))
  }
  return refined
}

/** Stored, or found now; undefined where there is nothing to refine, or too little to do so by. */
async function findOne(
  setting: Setting,
  level: Refinement,
  runner: Runner,
  prepared: Prepared,
  { job, fixed }: Solved,
  heldOf: HeldOf,
  solve: Solve,
): Promise<StoredRefinement | undefined> {
  const { plan } = job.prepared
  if (fixed instanceof SquireError || refinableOperators(plan).length === 0) return undefined
  const store = await storeOf(setting, level, runner, prepared, job, fixed)
  const stored = await store?.load(plan)
  if (stored !== undefined) return stored
  const found = await refineOne(setting, level, { job, fixed }, heldOf, solve)
  if (found !== undefined) await store?.save(found)
  return found
}

type HeldOf = (iteration: number) => Promise<Halves<readonly HeldSample[]> | undefined>

/** The samples of an `-i` value, held once; undefined where there are too few. */
function heldSamples({ reporter }: Setting, level: Refinement, runner: Runner, { plain }: Prepared): HeldOf {
  const hold = async (iteration: number) => {
    const held = halvesOf(await runner.hold(iteration, plain))
    if (sizeOf(held) >= LEAST_HELD) return held
    reporter.warn(
      `--refine ${level} needs at least ${LEAST_HELD} calibration samples of one size, -i ${iteration} has ${sizeOf(held)}: ` +
        'it is not refined. Give a larger -i.',
    )
    return undefined
  }
  const known = new Map<number, ReturnType<HeldOf>>()
  return (iteration) => {
    const held = known.get(iteration) ?? hold(iteration)
    known.set(iteration, held)
    return held
  }
}

async function refineOne(
  { reporter, pool, workspace, signal }: Setting,
  level: Refinement,
  { job, fixed }: { readonly job: Job; readonly fixed: FixedPointModel },
  heldOf: HeldOf,
  solve: Solve,
): Promise<StoredRefinement | undefined> {
  const held = await heldOf(job.observed.iteration)
  if (held === undefined) return undefined
  const { plan, staticModel: source } = job.prepared
  const progress = reporter.progress(`refining ${job.mode}`, passesOf(level, plan) * sizeOf(held), 'samples')
  let done = 0
  const onSample = () => progress.update(++done)
  const passes = { pool, workspace, source, stop: stopFlag(signal).buffer, onSample }
  const refined = await refineModel(level, passes, held, { plan, fixed }, (one) => solve(job, one)).finally(() =>
    progress.finish(),
  )
  return { plan: refined.plan, record: { samples: sizeOf(held), steps: refined.steps } }
}

function refinedJob({ reporter }: Setting, job: Job, { plan, record }: StoredRefinement, solve: Solve): Solved {
  reporter.info(`${job.mode}: ${inWords(record)}`)
  return { job: { ...job, refinement: record, prepared: { ...job.prepared, plan } }, fixed: solve(job, plan) }
}

function inWords({ samples, steps }: RefinementRecord): string {
  const said = steps.map(({ step, after, kept }) => `${step} ${decibelText(after)}${kept ? '' : ' (taken back)'}`)
  return (
    `refined on ${samples} samples, each half judged by the other; signal to noise at the outputs: ` +
    `${decibelText(steps[0]!.before)}, with ${said.join(', ')}`
  )
}
