// How far an integer model is from the float model on samples that it was not fitted to, at the tensors that judge it.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sumNames } from '../../difference/difference.js'
import { fromUnits } from '../../difference/exactSum.js'
import type { Pool } from '../../engine/pool.js'
import type { HeldSample } from '../../engine/protocol.js'
import { integerModel } from '../../export/integerModel.js'
import type { Model } from '../../onnx/types.js'
import type { FixedPointModel } from '../../plan/types.js'
import { judgedTensors } from '../judgedTensors.js'
import { cutFile } from './cutFile.js'
import { sum } from './guard.js'
import type { References } from './references.js'

export interface JudgeSetting {
  readonly pool: Pool
  /** A folder for temporary files. */
  readonly workspace: string
  /** What was quantized. */
  readonly source: Model
  /** What the float model has said of samples, where trials of the same samples follow. */
  readonly references?: References
  /** Called for every sample that has judged. */
  readonly onSample: () => void
}

/** An integer model, and the samples that judge it. */
export interface Trial {
  readonly fixed: FixedPointModel
  readonly samples: readonly HeldSample[]
}

/**
 * Each sample's part of the ratio of noise to signal, whose mean over the judged tensors is the sum of these numbers: less is better. The samples of the
 * trials one after the other.
 */
export async function noiseOfSamples(setting: JudgeSetting, trials: readonly Trial[]): Promise<readonly number[]> {
  const powers: Powers[][] = []
  for (const trial of trials) powers.push(...(await powersOf(setting, trial)))
  const tensors = powers[0]?.length ?? 0
  const signals = Array.from({ length: tensors }, (_, t) => sum(powers.map((sample) => sample[t]!.signal)))
  return powers.map((sample) => sum(sample.map(({ noise }, t) => ratio(noise, signals[t]!))) / Math.max(1, tensors))
}

/** Noise without any signal: nothing could be worse. */
function ratio(noise: number, signal: number): number {
  return noise === 0 ? 0 : signal === 0 ? Number.MAX_VALUE : noise / signal
}

/** Sums of squares over a tensor. */
interface Powers {
  readonly signal: number
  readonly noise: number
}

/** Of each sample, each judged tensor. */
async function powersOf(
  { pool, workspace, source, references, onSample }: JudgeSetting,
  { fixed, samples }: Trial,
): Promise<readonly Powers[][]> {
  const folder = await mkdtemp(join(workspace, 'judge-'))
  const tensors = judgedTensors(source, fixed)
  const integer = integerModel(fixed, source, { outputDequant: true, allLayers: false })
  const names = (side: 'reference' | 'candidate') => tensors.map((tensor) => tensor[side])
  const reference = await cutFile(source.proto, names('reference'), join(folder, 'float.onnx'))
  const candidate = await cutFile(integer, names('candidate'), join(folder, 'integer.onnx'))
  // A model that hands its inputs on computes nothing that could be wrong.
  if (reference === undefined || candidate === undefined) return samples.map(() => [])
  const comparison = { reference, candidate, own: [], tensors }
  const name = 'a sample that judges the refinement'
  const compared = samples.map(async (sample) => {
    const { feeds } = sample
    const known = references?.of(sample)
    const outputs = references !== undefined && known === undefined ? reference.outputs : []
    const task = {
      kind: 'compareForward' as const,
      comparisons: [comparison],
      feeds,
      outputs,
      name,
      ...(known && { known }),
    }
    const { differences, outputs: computed } = await pool.compareForward(task)
    references?.keep(sample, Object.fromEntries(computed.map(({ name, value }) => [name, value])))
    onSample()
    return differences.map(({ accumulated: { sums } }): Powers => {
      const power = (of: (typeof sumNames)[number]) => fromUnits(sums[sumNames.indexOf(of)]!)
      return { signal: power('squaredReference'), noise: power('squaredError') }
    })
  })
  const powers = await Promise.all(compared)
  await rm(folder, { recursive: true })
  return powers
}

/** Signal to noise; undefined where there is no noise. */
export function decibelsOf(noise: number): number | undefined {
  return noise === 0 ? undefined : -10 * Math.log10(noise)
}
