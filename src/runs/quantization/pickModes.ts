// Which threshold method a run with -qm auto takes: the one whose integer model comes nearest to the float model on calibration samples.

import { SquireError } from '../../errors.js'
import type { Reporter } from '../../report/types.js'
import type { Solved } from '../stages.js'
import { decibels, type Trials } from './trials.js'

/** One quantization of each `-i` value: the best. @throws SquireError FIXED_POINT where the chip can run none of them */
export async function pickModes<S extends Solved>(
  trials: Trials,
  solved: readonly S[],
  reporter: Reporter,
): Promise<S[]> {
  const picked: S[] = []
  for (const iteration of new Set(solved.map(({ job }) => job.observed.iteration))) {
    const candidates = solved.filter(({ job }) => job.observed.iteration === iteration)
    picked.push(await pickOne(trials, candidates, reporter))
  }
  return picked
}

async function pickOne<S extends Solved>(trials: Trials, candidates: readonly S[], reporter: Reporter): Promise<S> {
  const scored: { readonly solved: S; readonly noise: number }[] = []
  for (const solved of candidates) {
    if (solved.fixed instanceof SquireError) continue
    scored.push({ solved, noise: await trials.noiseOf(solved, `trying ${solved.job.mode}`) })
  }
  if (scored.length === 0) throw candidates[0]!.fixed
  // Of equals the first: the order of modes is fixed.
  const best = scored.reduce((left, right) => (right.noise < left.noise ? right : left))
  const listed = scored.map(({ solved: { job }, noise }) => `${job.mode} ${decibels(noise)}`).join(', ')
  reporter.info(
    `-qm auto takes ${best.solved.job.mode}: signal to noise at the outputs on calibration samples: ${listed}`,
  )
  return best.solved
}
