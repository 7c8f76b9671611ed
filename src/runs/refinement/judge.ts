// How far an integer model is from the float model on samples that it was not fitted to: at the outputs, or where a Softmax writes an output, at the
// scores that it reads. Few samples say more by their scores than by probabilities that are all near 0 or 1.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Axes } from '../../difference/centred.js'
import { sumNames } from '../../difference/difference.js'
import { fromUnits } from '../../difference/exactSum.js'
import type { Pool } from '../../engine/pool.js'
import type { ComparedTensor, HeldSample } from '../../engine/protocol.js'
import { integerModel, writtenTensors } from '../../export/integerModel.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { intAttribute } from '../../onnx/attribute.js'
import { opsetOf } from '../../onnx/model.js'
import { DataType, type Model, type NodeProto } from '../../onnx/types.js'
import type { FixedPointModel } from '../../plan/types.js'
import { cutFile } from './cutFile.js'
import { sum } from './guard.js'

export interface JudgeSetting {
  readonly pool: Pool
  /** A folder for temporary files. */
  readonly workspace: string
  /** What was quantized. */
  readonly source: Model
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
  { pool, workspace, source, onSample }: JudgeSetting,
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
  const comparison = { reference, candidate, own: undefined, tensors }
  const name = 'a sample that judges the refinement'
  const compared = samples.map(async ({ feeds }) => {
    const task = { kind: 'compareForward' as const, comparison, feeds, outputs: [], name }
    const { differences } = await pool.compareForward(task)
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

function judgedTensors({ proto }: Model, fixed: FixedPointModel): ComparedTensor[] {
  const written = new Map(
    writtenTensors(fixed, proto, { outputDequant: true }).map((tensor) => [tensor.of ?? tensor.name, tensor]),
  )
  const inputs = new Set(proto.graph.input.map(({ name }) => name))
  return proto.graph.output.flatMap(({ name }): ComparedTensor[] => {
    const softmax = softmaxBefore(proto, name)
    const scores = softmax && written.get(softmax.input[0]!)
    const apart = { ownInput: undefined, ownOutput: undefined }
    if (scores !== undefined) {
      const { scale, bits, offset = 0, integers } = scores
      const [low, high] = rangeOf(bits)
      const codes = { scale, low, high, offset, told: [-Infinity, Infinity] as const }
      const reference = softmax!.input[0]!
      const axes = softmaxAxes(proto, softmax!, fixed.tensors.get(reference)!.dims.length)
      return [{ reference, candidate: integers, codes, centred: axes, ...apart }]
    }
    const isReal = fixed.tensors.get(name)?.dataType === DataType.FLOAT && !inputs.has(name)
    return isReal ? [{ reference: name, candidate: name, codes: undefined, ...apart }] : []
  })
}

/** The Softmax whose values an output holds, whatever their dims. */
function softmaxBefore(proto: Model['proto'], output: string): NodeProto | undefined {
  const writer = proto.graph.node.find((node) => node.output.includes(output))
  if (writer === undefined || ['Softmax', 'LogSoftmax'].includes(writer.opType)) return writer
  return moves.has(writer.opType) ? softmaxBefore(proto, writer.input[0]!) : undefined
}

const moves = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Identity'])

/** Before opset 13 a Softmax is one over all axes from its own on. */
function softmaxAxes(proto: Model['proto'], softmax: NodeProto, rank: number): Axes {
  const isFlat = opsetOf(proto) < 13
  const given = intAttribute(softmax, 'axis', isFlat ? 1 : -1)
  const axis = given < 0 ? given + rank : given
  return [axis, isFlat ? rank : axis + 1]
}

/** Signal to noise; undefined where there is no noise. */
export function decibelsOf(noise: number): number | undefined {
  return noise === 0 ? undefined : -10 * Math.log10(noise)
}
