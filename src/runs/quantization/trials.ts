// Quantizations tried on calibration samples: how near each integer model comes to the float model.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import { compareModels } from '../../compare/compare.js'
import { comparedFloat, withOutputs } from '../../compare/models.js'
import { autoModes, type Config, zeroPointPolicies } from '../../config/config.js'
import { modelFile } from '../../engine/modelFile.js'
import type { ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { judgedTensors } from '../judgedTensors.js'
import { meanNoise } from '../layers/outputNoise.js'
import type { Setting, Solved } from '../stages.js'
import { integerOf } from './quantization.js'

/** A trial looks at so many samples at most. */
export const MOST_TRIED = 16

/** Samples of all trials of a run at most, for its progress. */
export function triedSamples(config: Config, iterations: readonly number[]): number {
  const { modes, zeroPoints } = config
  const counts = iterations.map((iteration) => Math.min(MOST_TRIED, iteration))
  const isAuto = modes.includes('auto')
  // The mode that auto takes has been tried without zero points.
  const policies = zeroPoints === 'auto' ? zeroPointPolicies.length * (isAuto ? 1 : modes.length) - (isAuto ? 1 : 0) : 0
  return ((isAuto ? autoModes.length : 0) + policies) * counts.reduce((sum, count) => sum + count, 0)
}

/** Tries each quantization once. */
export class Trials {
  readonly #setting: Setting
  readonly #runner: Runner
  readonly #prepared: Prepared
  readonly #noise = new Map<Solved, number>()
  /** Float models by the names of the tensors that they show. */
  readonly #judged = new Map<string, ModelFile>()

  constructor(setting: Setting, runner: Runner, prepared: Prepared) {
    this.#setting = setting
    this.#runner = runner
    this.#prepared = prepared
  }

  /** Noise to signal, the mean over the judged tensors: less is better. Infinite where the chip cannot run it. */
  async noiseOf(solved: Solved, title: string): Promise<number> {
    const noise = this.#noise.get(solved) ?? (await this.#try(solved, title))
    this.#noise.set(solved, noise)
    return noise
  }

  async #try({ job, fixed }: Solved, title: string): Promise<number> {
    if (fixed instanceof SquireError) return Number.POSITIVE_INFINITY
    const { config, workspace } = this.#setting
    const tensors = judgedTensors(job.prepared.staticModel, fixed)
    const reference = await this.#float(tensors.map((tensor) => tensor.reference))
    const integer = integerOf({ config }, job, fixed, { outputDequant: true, allLayers: false })
    const judged = tensors.map((tensor) => tensor.candidate)
    const candidate = await modelFile(withOutputs(integer, judged, 'add'), join(workspace, 'trial.onnx'))
    const comparison = { reference, candidate, own: undefined, tensors }
    const samples = { iteration: job.observed.iteration, of: 'calibration', most: MOST_TRIED } as const
    const compared = await compareModels(this.#runner, comparison, samples, title)
    for (const path of [candidate.path, `${candidate.path}.data`]) await rm(path, { force: true })
    return meanNoise(compared.tensors)
  }

  /** The float model with the judged tensors as outputs: one for all trials, as a zero point moves scores by a constant. */
  async #float(judged: readonly string[]): Promise<ModelFile> {
    const { model, plain } = this.#prepared
    if (judged.every((name) => plain.outputs.includes(name))) return plain
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
