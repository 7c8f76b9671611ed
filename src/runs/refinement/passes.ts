// Runs a model over held samples and adds up what operators read in it.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from '../../engine/pool.js'
import type { Gathered, GatheredInput, GatherTask, HeldSample } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { integerModel } from '../../export/integerModel.js'
import { namedTensors, type WrittenTensor } from '../../export/tensorNames.js'
import type { Model } from '../../onnx/types.js'
import { addGrams, addMeans, type Gram, type Means } from '../../refine/statistics.js'
import { cutFile } from './cutFile.js'
import { operatorAt, type Refinable, type Refining } from './operators.js'

export interface PassSetting {
  readonly pool: Pool
  /** A folder for temporary files. */
  readonly workspace: string
  /** What is quantized. */
  readonly source: Model
  /** Raised where the run is interrupted. */
  readonly stop: SharedArrayBuffer
  /** Called for every sample that a pass is done with. */
  readonly onSample: () => void
}

export interface Pass extends Refining {
  readonly operators: readonly Refinable[]
  readonly samples: readonly HeldSample[]
}

/** Means of what each operator reads in the float model, in the order of the operators. */
export async function gatherMeans(setting: PassSetting, pass: Pass): Promise<readonly Means[]> {
  const real = ({ name }: WrittenTensor) => ({ tensor: name, unit: 1 })
  const gathered = await gather(setting, pass, setting.source.proto, real, undefined)
  return gathered.map(({ means }) => means!)
}

/** Gram matrices of what each operator reads in the integer model, of so many patches a sample at most. */
export async function gatherGrams(setting: PassSetting, pass: Pass, patches: number): Promise<readonly Gram[]> {
  // The sequences of what steps write are shown with all layers.
  const allLayers = pass.operators.some(({ sequence }) => sequence !== undefined)
  const integer = integerModel(pass.fixed, setting.source, { outputDequant: false, allLayers })
  const codes = ({ integers, scale }: WrittenTensor) => ({ tensor: integers, unit: scale })
  const gathered = await gather(setting, pass, integer, codes, patches)
  return gathered.map(({ gram }) => gram!)
}

/** Tasks of fewer samples would spend their time on handing over Gram matrices. */
const LEAST_A_TASK = 8

async function gather(
  { pool, workspace, source, stop, onSample }: PassSetting,
  { plan, fixed, operators, samples }: Pass,
  proto: Model['proto'],
  valuesOf: (source: WrittenTensor) => Pick<GatheredInput, 'tensor' | 'unit'>,
  patches: number | undefined,
): Promise<readonly Gathered[]> {
  const tensors = namedTensors(fixed, source.proto, { outputDequant: false })
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const inputs = operators.map((operator): GatheredInput => {
    const { step, bits } = operatorAt(plan, fixed, operator)
    const { sequence, products } = operator
    return { ...valuesOf(named.get(operator.source)!), step, bits, sequence, reading: products.reading }
  })
  const names = inputs.map(({ tensor }) => tensor)
  const folder = await mkdtemp(join(workspace, 'refine-'))
  const model = await cutFile(proto, names, join(folder, 'model.onnx'))
  const sums: Gathered[] = inputs.map(() => ({ means: undefined, gram: undefined }))
  // Two tasks a thread: none waits long for the last one, and as many answers as there are tasks at work are in memory.
  const size = Math.max(LEAST_A_TASK, Math.ceil(samples.length / (2 * pool.threads)))
  let next = 0
  const runner = async (): Promise<void> => {
    while (next < samples.length) {
      const some = samples.slice(next, next + size)
      next += size
      const task: GatherTask = { kind: 'gather', samples: some, model, inputs, patches, stop }
      const answer = await pool.gather(task)
      if (answer.kind === 'stopped') throw new SquireError('INTERRUPTED', 'interrupted while refining')
      for (const [i, gathered] of answer.gathered.entries()) sums[i] = add(sums[i]!, gathered)
      for (const _ of some) onSample()
    }
  }
  await Promise.all(Array.from({ length: pool.threads }, runner))
  await rm(folder, { recursive: true })
  return sums
}

function add(a: Gathered, b: Gathered): Gathered {
  return {
    means: b.means === undefined ? a.means : addMeans(a.means, b.means),
    gram: b.gram === undefined ? a.gram : addGrams(a.gram, b.gram),
  }
}
