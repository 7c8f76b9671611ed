// Which threshold method a run with -qm auto takes: the one whose integer model comes nearest to the float model on calibration samples.

import type { ModeTrial, Reporter } from '../../report/types.js'
import { decibelsOf } from '../refinement/judge.js'
import type { Job } from './quantization.js'
import { type Candidate, decibels, type Trials, type Tried } from './trials.js'

/** A candidate with what it was chosen from. */
export type Picked<C> = C & { readonly modes: readonly ModeTrial[] }

/** One quantization of each `-i` value: the best. @throws SquireError FIXED_POINT where the chip can run none of them */
export async function pickModes<C extends Candidate>(
  trials: Trials,
  candidates: readonly C[],
  reporter: Reporter,
): Promise<Picked<C>[]> {
  const picked: Picked<C>[] = []
  for (const iteration of new Set(candidates.map(({ job }) => job.observed.iteration))) {
    const some = candidates.filter(({ job }) => job.observed.iteration === iteration)
    picked.push(await pickOne(trials, some, reporter))
  }
  return picked
}

async function pickOne<C extends Candidate>(
  trials: Trials,
  candidates: readonly C[],
  reporter: Reporter,
): Promise<Picked<C>> {
  // Of equals the first: the order of modes is fixed.
  const { best, tried } = await trials.best(candidates, modesTitle)
  if (best === undefined) throw candidates[0]!.fixed()
  const listed = tried.map(({ job, noise }) => `${job.mode} ${decibels(noise)}`).join(', ')
  reporter.info(`-qm auto takes ${best.job.mode}: signal to noise at the outputs on calibration samples: ${listed}`)
  return { ...best, modes: modeTrials(tried) }
}

export function modeTrials(tried: readonly Tried[]): ModeTrial[] {
  return tried.map(({ job, noise }) => ({ mode: job.mode, sqnr: decibelsOf(noise) }))
}

export function modesTitle(jobs: readonly Job[]): string {
  return `trying ${jobs.map(({ mode }) => mode).join(', ')}`
}
