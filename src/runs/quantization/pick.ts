// Which threshold method a run with -qm auto takes: the one whose integer model comes nearest to the float model on calibration samples.

import { rm } from 'node:fs/promises'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import { compareModels } from '../../compare/compare.js'
import { autoModes, type Config } from '../../config/config.js'
import type { ComparedTensor } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { DataType } from '../../onnx/types.js'
import type { FixedPointModel } from '../../plan/types.js'
import { meanNoise } from '../layers/outputNoise.js'
import type { Setting, Solved } from '../stages.js'
import { integerFile, type Job } from './quantization.js'

/** No more samples than these are looked at. */
const SAMPLES = 16

/** Samples of all trials of a run, for its progress. */
export function triedSamples({ modes, evalIteration }: Config, iterations: readonly number[]): number {
  if (!modes.includes('auto')) return 0
  const counts = iterations.map((iteration) =>
    Math.min(SAMPLES, evalIteration === 'all' ? SAMPLES : (evalIteration ?? iteration)),
  )
  return autoModes.length * counts.reduce((sum, count) => sum + count, 0)
}

/** One quantization of each `-i` value: the best. @throws SquireError FIXED_POINT where the chip can run none of them */
export async function pickModes(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  solved: readonly Solved[],
): Promise<readonly Solved[]> {
  const iterations = new Set(solved.map(({ job }) => job.observed.iteration))
  const picked: Solved[] = []
  for (const iteration of iterations) {
    const candidates = solved.filter(({ job }) => job.observed.iteration === iteration)
    picked.push(await pickOne(setting, runner, prepared, candidates))
  }
  return picked
}

interface Scored {
  readonly solved: Solved
  /** Noise to signal, the mean over the outputs: less is better. */
  readonly noise: number
}

async function pickOne(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  candidates: readonly Solved[],
): Promise<Solved> {
  const scored: Scored[] = []
  for (const solved of candidates) {
    if (solved.fixed instanceof SquireError) continue
    scored.push({ solved, noise: await noiseOf(setting, runner, prepared, solved.job, solved.fixed) })
  }
  const [first] = candidates
  if (scored.length === 0) throw first!.fixed
  // Of equals the first: the order of modes is fixed.
  const best = scored.reduce((left, right) => (right.noise < left.noise ? right : left))
  const listed = scored.map(({ solved: { job }, noise }) => `${job.mode} ${decibels(noise)}`).join(', ')
  setting.reporter.info(
    `-qm auto takes ${best.solved.job.mode}: signal to noise at the outputs on calibration samples: ${listed}`,
  )
  return best.solved
}

function decibels(noise: number): string {
  return noise === 0 ? 'exact' : `${(-10 * Math.log10(noise)).toFixed(1)} dB`
}

async function noiseOf(
  { config, workspace }: Setting,
  runner: Runner,
  prepared: Prepared,
  job: Job,
  fixed: FixedPointModel,
): Promise<number> {
  const { plain, plan } = prepared
  const outputs = plain.outputs.filter((name) => plan.tensors.get(name)?.dataType === DataType.FLOAT)
  const candidate = await integerFile({ config, workspace }, job, fixed)
  const tensors = outputs.map(
    (name): ComparedTensor => ({
      ...{ reference: name, candidate: name },
      ...{ codes: undefined, ownInput: undefined, ownOutput: undefined },
    }),
  )
  const comparison = { reference: plain, candidate, own: undefined, tensors }
  const title = `trying ${job.mode}`
  const compared = await compareModels(runner, comparison, job.observed.iteration, SAMPLES, title)
  await rm(candidate.path)
  return meanNoise(compared.tensors)
}
