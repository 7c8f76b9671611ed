// Which zero points a quantization gets with --zero-points auto: those that pay on calibration samples, beside the float model.

import { SquireError } from '../../errors.js'
import type { Reporter, ZeroPointTrial } from '../../report/types.js'
import { decibelsOf } from '../refinement/judge.js'
import type { Solved } from '../stages.js'
import { decibels, type Trials } from './trials.js'

/** Half a decibel less noise. A smaller gain may be chance. */
const CLEARLY = 10 ** -0.05

interface Tried {
  readonly solved: Solved
  readonly noise: number
}

/** @param candidates those first that cost the chip less: a later one is taken where it is clearly better */
export async function pickZeroPoints(
  trials: Trials,
  candidates: readonly Solved[],
  reporter: Reporter,
): Promise<Solved> {
  const [first] = candidates as readonly [Solved, ...Solved[]]
  if (candidates.length === 1) return first
  const tried: Tried[] = []
  for (const solved of candidates) {
    if (solved.fixed instanceof SquireError) continue
    const { mode, zeroPoints } = solved.job
    tried.push({ solved, noise: await trials.noiseOf(solved, `trying ${mode}, zero points ${zeroPoints.policy}`) })
  }
  const best = tried.reduce<Tried | undefined>(
    (left, right) => (left === undefined || right.noise < left.noise * CLEARLY ? right : left),
    undefined,
  )
  if (best === undefined) return first
  const { job, fixed } = best.solved
  reporter.info(
    `${job.mode}: --zero-points auto takes ${job.zeroPoints.policy}; signal to noise at the outputs on calibration samples: ${tried.map(numbers).join(', ')}`,
  )
  return { job: { ...job, zeroPoints: { ...job.zeroPoints, tried: tried.map(recordOf) } }, fixed }
}

function numbers({ solved: { job }, noise }: Tried): string {
  return `${job.zeroPoints.policy} ${decibels(noise)}`
}

function recordOf({ solved: { job }, noise }: Tried): ZeroPointTrial {
  const { policy, pads } = job.zeroPoints
  return { policy, pads, sqnr: decibelsOf(noise) }
}
