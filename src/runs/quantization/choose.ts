// What options leave open is decided by samples: first the threshold method, then the zero points of the method that was taken.

import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import type { Config } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel } from '../../plan/types.js'
import type { ModeTrial } from '../../report/types.js'
import type { Setting } from '../run.js'
import { pickModes } from './pickModes.js'
import { pickZeroPoints } from './pickZeroPoints.js'
import type { Solved } from './quantization.js'
import { attempt, type Job } from './quantization.js'
import { type Candidate, Trials } from './trials.js'
import { everyPolicy, reportZeroPoints, type Thresholded, withZeroPoints } from './zeroPoints.js'

export interface ChoiceRequest {
  readonly setting: Setting
  readonly runner: Runner
  readonly prepared: Prepared
  readonly thresholded: readonly Thresholded[]
  readonly solve: (job: Job) => FixedPointModel
}

/** A quantization before its zero points are chosen: with all that it can have, where they are open. */
interface Start extends Candidate {
  readonly thresholded: Thresholded
  /** With zero points that cost the chip less, none first. */
  readonly cheaper: readonly Candidate[]
  /** What its mode was chosen from. */
  readonly modes?: readonly ModeTrial[]
}

/** The quantizations of a run with their integers. @throws SquireError FIXED_POINT where there is one and the chip cannot run it */
export async function chosenQuantizations(request: ChoiceRequest): Promise<readonly Solved[]> {
  const { setting, runner, prepared, thresholded, solve } = request
  const { config, reporter } = setting
  const candidateOf = (job: Job): Candidate => ({ job, fixed: () => attempt(() => solve(job)) })
  const starts = thresholded.map((one) => startOf(one, config.zeroPoints, candidateOf))
  const trials = new Trials(setting, runner, prepared)
  const isOpen = config.modes.includes('auto') && starts.length > 1
  const chosen: Solved[] = []
  for (const start of isOpen ? await pickModes(trials, starts, reporter) : starts) {
    const solved = await pickZeroPoints(trials, [...start.cheaper, start], reporter)
    reportZeroPoints(start.thresholded, solved.job, reporter)
    const { modes } = start
    chosen.push(modes === undefined ? solved : { ...solved, job: { ...solved.job, modes } })
  }
  const [only, ...more] = chosen
  if (more.length === 0 && only !== undefined && only.fixed instanceof SquireError) throw only.fixed
  return chosen
}

/**
 * Modes are compared with all the zero points that they can have: without any, half of the codes of one-sided tensors are unused, and the mode that is best at
 * that often is not the best with them.
 */
function startOf(thresholded: Thresholded, policy: Config['zeroPoints'], candidateOf: (job: Job) => Candidate): Start {
  const isOpen = policy === 'auto' && thresholded.zeroPoints.kind === 'found'
  const fixed = policy === 'auto' ? 'none' : policy
  const jobs = isOpen ? everyPolicy(thresholded) : [withZeroPoints(thresholded, fixed)]
  const cheaper = jobs.slice(0, -1).map(candidateOf)
  return { ...candidateOf(jobs.at(-1)!), thresholded, cheaper }
}
