// Quantizations tried on calibration samples: how near each integer model comes to the float model.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { ComparedSamples, Runner } from '../../calibrate/runner.js'
import { compareSeveral } from '../../compare/compare.js'
import { comparedFloat, LEAST_MAPPED_COMPARED, withOutputs } from '../../compare/models.js'
import type { Comparison } from '../../engine/comparison.js'
import { modelFile } from '../../engine/modelFile.js'
import type { ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { tensorBytes } from '../../onnx/file/codec.js'
import type { FixedPointModel } from '../../plan/types.js'
import { judgedTensors } from '../judgedTensors.js'
import { meanNoise } from '../layers/outputNoise.js'
import type { Setting } from '../run.js'
import type { Solved } from './quantization.js'
import { integerOf, type Job } from './quantization.js'
import { roomFor } from './room.js'
import { trialSamples } from './trialSamples.js'

/** A quantization whose integers are solved when they are asked for, each time anew. */
export interface Candidate {
  readonly job: Job
  readonly fixed: () => Solved['fixed']
}

export interface Tried {
  readonly job: Job
  /** Noise to signal, the mean over the judged tensors: less is better. */
  readonly noise: number
}

export interface Choice<C> {
  /** Undefined where the chip can run none. */
  readonly best: C | undefined
  /** Those that the chip can run. */
  readonly tried: readonly Tried[]
}

/** Tries each quantization once. */
export class Trials {
  readonly #setting: Setting
  readonly #runner: Runner
  readonly #prepared: Prepared
  /** Of every quantization that was tried; undefined where the chip cannot run it. */
  readonly #noise = new Map<Job, number | undefined>()
  /** Float models by the names of the tensors that they show. */
  readonly #judged = new Map<string, ModelFile>()

  constructor(setting: Setting, runner: Runner, prepared: Prepared) {
    this.#setting = setting
    this.#runner = runner
    this.#prepared = prepared
  }

  /** @param shareOf the share of the best one's noise so far that a quantization must stay below */
  async best<C extends Candidate>(
    candidates: readonly C[],
    titleOf: (jobs: readonly Job[]) => string,
    shareOf: (job: Job) => number = () => 1,
  ): Promise<Choice<C>> {
    await this.#measureAll(candidates, titleOf)
    const tried: Tried[] = []
    let best: { readonly candidate: C; readonly noise: number } | undefined
    for (const candidate of candidates) {
      const { job } = candidate
      const noise = this.#noise.get(job)
      if (noise === undefined) continue
      tried.push({ job, noise })
      if (best === undefined || noise < best.noise * shareOf(job)) best = { candidate, noise }
    }
    return { best: best?.candidate, tried }
  }

  /** Infinite where the chip cannot run it. */
  async noiseOf({ job, fixed }: Solved, title: string): Promise<number> {
    await this.#measureAll([{ job, fixed: () => fixed }], () => title)
    return this.#noise.get(job) ?? Number.POSITIVE_INFINITY
  }

  async #measureAll(candidates: readonly Candidate[], titleOf: (jobs: readonly Job[]) => string): Promise<void> {
    const unknown = candidates.filter(({ job }) => !this.#noise.has(job))
    const room = roomFor(this.#prepared) * this.#runner.parallel
    for (let from = 0; from < unknown.length; from += room) {
      const folder = await mkdtemp(join(this.#setting.workspace, 'trials-'))
      const comparisons = await this.#write(unknown.slice(from, from + room), folder)
      await this.#measure(comparisons, titleOf([...comparisons.keys()]))
      await rm(folder, { recursive: true })
    }
  }

  /**
   * The integer models of those that the chip can run. Their files alone are kept: the integers of all would be as many models, and those of the best
   * are sooner solved again than held.
   */
  async #write(candidates: readonly Candidate[], folder: string): Promise<ReadonlyMap<Job, Comparison>> {
    const comparisons = new Map<Job, Comparison>()
    for (const { job, fixed: solve } of candidates) {
      const fixed = solve()
      if (fixed instanceof SquireError) this.#noise.set(job, undefined)
      else comparisons.set(job, await this.#comparison(job, fixed, join(folder, `${comparisons.size}.onnx`)))
    }
    return comparisons
  }

  async #measure(comparisons: ReadonlyMap<Job, Comparison>, title: string): Promise<void> {
    // One for all, as long as the same tensors judge all.
    for (const reference of new Set([...comparisons.values()].map((one) => one.reference))) {
      const some = [...comparisons].filter(([, one]) => one.reference === reference)
      const beside = some.map(([, comparison]) => comparison)
      const compared = await compareSeveral(this.#runner, beside, await this.#samplesOf(some[0]![0]), title)
      for (const [i, [job]] of some.entries()) this.#noise.set(job, meanNoise(compared[i]!.tensors))
    }
  }

  async #samplesOf({ observed: { iteration } }: Job): Promise<ComparedSamples> {
    const calibrated = await this.#runner.calibratedSamples(iteration)
    return { iteration, of: 'calibration', most: trialSamples(this.#prepared.plan, calibrated) }
  }

  async #comparison(job: Job, fixed: FixedPointModel, path: string): Promise<Comparison> {
    const tensors = judgedTensors(job.prepared.staticModel, fixed)
    const reference = await this.#float(tensors.map((tensor) => tensor.reference))
    const integer = integerOf(this.#setting, job, fixed, { outputDequant: true, allLayers: false })
    const judged = tensors.map((tensor) => tensor.candidate)
    const candidate = await modelFile(withOutputs(integer, judged, 'add'), path, LEAST_MAPPED_COMPARED)
    return { reference, candidate, own: [], tensors }
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

export function decibels(noise: number): string {
  return noise === 0 ? 'exact' : `${(-10 * Math.log10(noise)).toFixed(1)} dB`
}
