// How far an integer model is from the float model on samples that it was not fitted to: at the outputs, or where a Softmax writes an output, at the
// scores that it reads. Few samples say more by their scores than by probabilities that are all near 0 or 1.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { measuresOf } from '../../difference/measures.js'
import { mergeTensors, type TensorDifference } from '../../difference/tensors.js'
import type { Pool } from '../../engine/pool.js'
import type { ComparedTensor, HeldSample } from '../../engine/protocol.js'
import { integerModel, writtenTensors } from '../../export/integerModel.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { DataType, type Model } from '../../onnx/types.js'
import type { FixedPointModel } from '../../plan/types.js'
import { cutFile } from './cutFile.js'

export interface Judged {
  readonly pool: Pool
  /** A folder for temporary files. */
  readonly workspace: string
  /** What was quantized. */
  readonly source: Model
  readonly samples: readonly HeldSample[]
}

/** Noise to signal, the mean over the judged tensors: less is better. */
export async function outputNoise(
  { pool, workspace, source, samples }: Judged,
  fixed: FixedPointModel,
): Promise<number> {
  const folder = await mkdtemp(join(workspace, 'judge-'))
  const tensors = judgedTensors(source, fixed)
  const integer = integerModel(fixed, source, { outputDequant: true, allLayers: false })
  const names = (side: 'reference' | 'candidate') => tensors.map((tensor) => tensor[side])
  const reference = await cutFile(source.proto, names('reference'), join(folder, 'float.onnx'))
  const candidate = await cutFile(integer, names('candidate'), join(folder, 'integer.onnx'))
  // A model that hands its inputs on computes nothing that could be wrong.
  if (reference === undefined || candidate === undefined) return 0
  const comparison = { reference, candidate, own: undefined, tensors }
  const name = 'a sample that judges the refinement'
  const compared = samples.map(async ({ feeds }): Promise<readonly TensorDifference[]> => {
    const task = { kind: 'compareForward' as const, comparison, feeds, outputs: [], name }
    return (await pool.compareForward(task)).differences
  })
  const differences = (await Promise.all(compared)).reduce(mergeTensors)
  await rm(folder, { recursive: true })
  return noiseOf(differences)
}

function judgedTensors({ proto }: Model, fixed: FixedPointModel): ComparedTensor[] {
  const written = new Map(
    writtenTensors(fixed, proto, { outputDequant: true }).map((tensor) => [tensor.of ?? tensor.name, tensor]),
  )
  const inputs = new Set(proto.graph.input.map(({ name }) => name))
  return proto.graph.output.flatMap(({ name }): ComparedTensor[] => {
    const writer = proto.graph.node.find(({ output }) => output.includes(name))
    const scores = writer?.opType === 'Softmax' ? written.get(writer.input[0]!) : undefined
    const apart = { ownInput: undefined, ownOutput: undefined }
    if (scores !== undefined) {
      const { scale, bits, offset = 0, integers } = scores
      const [low, high] = rangeOf(bits)
      const codes = { scale, low, high, offset, told: [-Infinity, Infinity] as const }
      return [{ reference: writer!.input[0]!, candidate: integers, codes, ...apart }]
    }
    const isReal = fixed.tensors.get(name)?.dataType === DataType.FLOAT && !inputs.has(name)
    return isReal ? [{ reference: name, candidate: name, codes: undefined, ...apart }] : []
  })
}

function noiseOf(differences: readonly TensorDifference[]): number {
  const ratios = differences.map(({ accumulated }) => {
    const { rmse, sqnr } = measuresOf(accumulated, undefined)
    if (rmse === 0) return 0
    // Noise without any signal: nothing could be worse.
    return sqnr === undefined ? Number.MAX_VALUE : 10 ** (-sqnr / 10)
  })
  return ratios.reduce((total, ratio) => total + ratio, 0) / Math.max(1, ratios.length)
}

/** Signal to noise; undefined where there is no noise. */
export function decibelsOf(noise: number): number | undefined {
  return noise === 0 ? undefined : -10 * Math.log10(noise)
}
