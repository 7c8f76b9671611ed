// Which zero points a quantization gets with --zero-points auto: those that pay on calibration samples, beside the float model.

import type { Reporter, ZeroPointTrial } from '../../report/types.js'
import { decibelsOf } from '../refinement/judge.js'
import type { Job, Solved } from './quantization.js'
import { type Candidate, decibels, type Trials, type Tried } from './trials.js'

/** A quarter of a decibel less noise is worth the Pads, tables and sums of 'all'. What costs the chip nothing is taken for any gain. */
const WORTH_ITS_COST = 10 ** -0.025

/** @param candidates those first that cost the chip less: a later one is taken where it is better by what it costs */
export async function pickZeroPoints(
  trials: Trials,
  candidates: readonly Candidate[],
  reporter: Reporter,
): Promise<Solved> {
  const [{ job: first, fixed }, ...others] = candidates as readonly [Candidate, ...Candidate[]]
  if (others.length === 0) return { job: first, fixed: fixed() }
  const titleOf = (jobs: readonly Job[]) =>
    `trying ${first.mode}, zero points ${jobs.map(({ zeroPoints }) => zeroPoints.policy).join(', ')}`
  const { best, tried } = await trials.best(candidates, titleOf, shareOf)
  if (best === undefined) return { job: first, fixed: fixed() }
  reporter.info(
    `${first.mode}: --zero-points auto takes ${best.job.zeroPoints.policy}; signal to noise at the outputs on calibration samples: ${tried.map(numbers).join(', ')}`,
  )
  const { zeroPoints } = best.job
  return { job: { ...best.job, zeroPoints: { ...zeroPoints, tried: tried.map(recordOf) } }, fixed: best.fixed() }
}

function shareOf({ zeroPoints }: Job): number {
  return zeroPoints.policy === 'all' ? WORTH_ITS_COST : 1
}

function numbers({ job, noise }: Tried): string {
  return `${job.zeroPoints.policy} ${decibels(noise)}`
}

function recordOf({ job, noise }: Tried): ZeroPointTrial {
  const { policy, pads, sums } = job.zeroPoints
  return { policy, pads, sums, sqnr: decibelsOf(noise) }
}
