// Each tensor's and each weight's own share of the noise at the outputs: one is quantized at a time, all else stays float.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import { compareModels } from '../../compare/compare.js'
import { comparedFloat } from '../../compare/models.js'
import type { ComparedTensor } from '../../engine/comparison.js'
import { modelFile } from '../../engine/modelFile.js'
import type { ModelFile } from '../../engine/protocol.js'
import { type NoiseSource, noiseSources } from '../../noise/sources.js'
import { switchedModel } from '../../noise/switchedModel.js'
import type { FixedPointModel } from '../../plan/types.js'
import { judgedTensors } from '../judgedTensors.js'
import { meanNoise } from './outputNoise.js'

export interface NoiseShare {
  readonly source: NoiseSource
  /** Noise to signal at the outputs, the mean over them. */
  readonly noise: number
}

export interface NoiseShares {
  /** Samples, or forward passes of an infer function. */
  readonly samples: number
  /** In the order of noiseSources(). */
  readonly shares: readonly NoiseShare[]
}

export interface ShareRequest {
  readonly runner: Runner
  readonly workspace: string
  readonly prepared: Prepared
  readonly fixed: FixedPointModel
  readonly iteration: number
  /** Samples that it looks at, at most. */
  readonly most: number
  readonly title: string
}

/** Values of outputs that one forward pass may give: a model has so many turns at most. */
const MOST_VALUES = 2 ** 23

/** Costs two to three forward passes of the float model for each source and sample. */
export async function noiseShares(request: ShareRequest): Promise<NoiseShares> {
  const { workspace, prepared, fixed } = request
  const judged = judgedTensors(prepared.staticModel, fixed)
  const values = judged.reduce((sum, { reference }) => sum + size(prepared.tensors.get(reference)!.dims), 0)
  const sources = noiseSources(prepared.plan, fixed)
  const turns = Math.max(1, Math.floor(MOST_VALUES / Math.max(1, values)))
  const folder = await mkdtemp(join(workspace, 'noise-'))
  const names = judged.map(({ reference }) => reference)
  const judging = { judged, float: await comparedFloat(prepared.model.proto, names, folder), folder }
  const shares: NoiseShare[] = []
  let samples = 0
  for (let from = 0; from < sources.length; from += turns) {
    const found = await sharesOf(request, sources.slice(from, from + turns), judging)
    shares.push(...found.shares)
    samples = found.samples
  }
  await rm(folder, { recursive: true })
  return { samples, shares }
}

interface Judging {
  /** Where the noise is measured, as for every choice that squire makes. */
  readonly judged: readonly ComparedTensor[]
  /** The float model that shows these tensors. */
  readonly float: ModelFile
  readonly folder: string
}

async function sharesOf(
  { runner, prepared, fixed, iteration, most, title }: ShareRequest,
  sources: readonly NoiseSource[],
  { judged, float, folder }: Judging,
): Promise<NoiseShares> {
  const names = judged.map(({ reference }) => reference)
  const switched = switchedModel(fixed, prepared.staticModel.proto, sources, names)
  const tensors = switched.outputs.flatMap((ofTurn) =>
    judged.map((one) => ({ ...one, candidate: ofTurn.get(one.reference)!, codes: undefined })),
  )
  const candidate = await modelFile(switched.proto, join(folder, 'switched.onnx'))
  const comparison = { reference: float, candidate, own: [], tensors }
  const compared = await compareModels(runner, comparison, { iteration, of: 'calibration', most }, title)
  const shares = sources.map((source, turn) => ({
    source,
    noise: meanNoise(compared.tensors.slice(turn * judged.length, (turn + 1) * judged.length)),
  }))
  return { samples: compared.samples, shares }
}

function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

const MOST_NAMED = 5

/** The largest shares, in percent of their sum. */
export function noiseLines(mode: string, { samples, shares }: NoiseShares): string[] {
  const all = shares.reduce((sum, { noise }) => sum + noise, 0)
  if (all === 0 || samples === 0) return []
  const sorted = [...shares].sort((a, b) => b.noise - a.noise)
  const named = sorted.slice(0, MOST_NAMED).map(({ source: { kind, name }, noise }) => {
    const what = kind === 'weights' ? `weights of "${name}"` : `"${name}"`
    return `${what} ${((100 * noise) / all).toFixed(0)} %`
  })
  return [`${mode}, noise at the outputs with one thing quantized at a time (${samples} samples): ${named.join(', ')}`]
}
