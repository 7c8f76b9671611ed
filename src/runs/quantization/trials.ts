// Quantizations tried on calibration samples: how near each integer model comes to the float model.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import { compareSeveral } from '../../compare/compare.js'
import { comparedFloat, LEAST_MAPPED_COMPARED, withOutputs } from '../../compare/models.js'
import { autoModes, type Config, zeroPointPolicies } from '../../config/config.js'
import { modelFile } from '../../engine/modelFile.js'
import type { Comparison, ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { tensorBytes } from '../../onnx/codec.js'
import type { FixedPointModel } from '../../plan/types.js'
import { judgedTensors } from '../judgedTensors.js'
import { meanNoise } from '../layers/outputNoise.js'
import type { Setting, Solved } from '../stages.js'
import { integerOf, type Job } from './quantization.js'
import { roomFor } from './room.js'

/** A trial looks at so many samples at most. */
export const MOST_TRIED = 16

/**
 * Samples of all trials of a run at most, for its progress.
 * @param room quantizations that are tried at once
 */
export function triedSamples(config: Config, iterations: readonly number[], room: number): number {
  const { modes, zeroPoints } = config
  const counts = iterations.map((iteration) => Math.min(MOST_TRIED, iteration))
  const isAuto = modes.includes('auto')
  // The mode that auto takes has been tried with all zero points.
  const policies = zeroPoints === 'auto' ? Math.ceil((zeroPointPolicies.length - (isAuto ? 1 : 0)) / room) : 0
  const rounds = isAuto ? Math.ceil(autoModes.length / room) + policies : policies * modes.length
  return rounds * counts.reduce((sum, count) => sum + count, 0)
}

/** A quantization whose integers are solved when it is tried. */
export interface Candidate {
  readonly job: Job
  readonly fixed: () => Solved['fixed']
}

export interface Tried {
  readonly job: Job
  /** Noise to signal, the mean over the judged tensors: less is better. */
  readonly noise: number
}

export interface Choice {
  /** Undefined where the chip can run none. */
  readonly best: Solved | undefined
  /** Those that the chip can run. */
  readonly tried: readonly Tried[]
}

/** Tries each quantization once. */
export class Trials {
  readonly #setting: Setting
  readonly #runner: Runner
  readonly #prepared: Prepared
  readonly #noise = new Map<Job, number>()
  /** Float models by the names of the tensors that they show. */
  readonly #judged = new Map<string, ModelFile>()

  constructor(setting: Setting, runner: Runner, prepared: Prepared) {
    this.#setting = setting
    this.#runner = runner
    this.#prepared = prepared
  }

  /**
   * The integers of the best are kept alone: those of all would be as many models.
   * @param shareOf the share of the best one's noise so far that a quantization must stay below
   */
  async best(
    candidates: readonly Candidate[],
    titleOf: (jobs: readonly Job[]) => string,
    shareOf: (job: Job) => number = () => 1,
  ): Promise<Choice> {
    const room = roomFor(this.#prepared) * this.#runner.parallel
    const tried: Tried[] = []
    let best: (Solved & Tried) | undefined
    for (let from = 0; from < candidates.length; from += room) {
      const solved = candidates.slice(from, from + room).map(({ job, fixed }): Solved => ({ job, fixed: fixed() }))
      for (const one of await this.#try(solved, titleOf)) {
        tried.push({ job: one.job, noise: one.noise })
        if (best === undefined || one.noise < best.noise * shareOf(one.job)) best = one
      }
    }
    return { best, tried }
  }

  /** Infinite where the chip cannot run it. */
  async noiseOf(solved: Solved, title: string): Promise<number> {
    const [tried] = await this.#try([solved], () => title)
    return tried?.noise ?? Number.POSITIVE_INFINITY
  }

  async #try(solved: readonly Solved[], titleOf: (jobs: readonly Job[]) => string): Promise<(Solved & Tried)[]> {
    const runnable = solved.flatMap(({ job, fixed }) => (fixed instanceof SquireError ? [] : [{ job, fixed }]))
    const unknown = runnable.filter(({ job }) => !this.#noise.has(job))
    if (unknown.length > 0) await this.#measure(unknown, titleOf(unknown.map(({ job }) => job)))
    return runnable.map((one) => ({ ...one, noise: this.#noise.get(one.job)! }))
  }

  async #measure(made: readonly Made[], title: string): Promise<void> {
    const folder = await mkdtemp(join(this.#setting.workspace, 'trials-'))
    const comparisons = new Map<Job, Comparison>()
    for (const one of made)
      comparisons.set(one.job, await this.#comparison(one, join(folder, `${comparisons.size}.onnx`)))
    // One for all, as long as the same tensors judge all.
    for (const reference of new Set([...comparisons.values()].map((one) => one.reference))) {
      const some = [...comparisons].filter(([, one]) => one.reference === reference)
      const beside = some.map(([, comparison]) => comparison)
      const samples = { iteration: some[0]![0].observed.iteration, of: 'calibration', most: MOST_TRIED } as const
      const compared = await compareSeveral(this.#runner, beside, samples, title)
      for (const [i, [job]] of some.entries()) this.#noise.set(job, meanNoise(compared[i]!.tensors))
    }
    await rm(folder, { recursive: true })
  }

  async #comparison({ job, fixed }: Made, path: string): Promise<Comparison> {
    const tensors = judgedTensors(job.prepared.staticModel, fixed)
    const reference = await this.#float(tensors.map((tensor) => tensor.reference))
    const integer = integerOf(this.#setting, job, fixed, { outputDequant: true, allLayers: false })
    const judged = tensors.map((tensor) => tensor.candidate)
    const candidate = await modelFile(withOutputs(integer, judged, 'add'), path, LEAST_MAPPED_COMPARED)
    return { reference, candidate, own: undefined, tensors }
  }

  /** The float model with the judged tensors as outputs: one for all trials, as a zero point moves scores by a constant. */
  async #float(judged: readonly string[]): Promise<ModelFile> {
    const { model, plain } = this.#prepared
    const isLight = plain.mapped || tensorBytes(model.proto) <= LEAST_MAPPED_COMPARED
    if (isLight && judged.every((name) => plain.outputs.includes(name))) return plain
    const key = JSON.stringify(judged)
    const known = this.#judged.get(key)
    if (known !== undefined) return known
    const folder = await mkdtemp(join(this.#setting.workspace, 'judged-'))
    const file = await comparedFloat(model.proto, judged, folder)
    this.#judged.set(key, file)
    return file
  }
}

interface Made {
  readonly job: Job
  readonly fixed: FixedPointModel
}

export function decibels(noise: number): string {
  return noise === 0 ? 'exact' : `${(-10 * Math.log10(noise)).toFixed(1)} dB`
}
