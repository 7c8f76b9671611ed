// QDQ models as input: squire's own become the same integer model again, byte for byte (zoo.test.ts has many more); others keep their scales.

import { describe, expect, test } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { decodeModel } from '../../src/onnx/model.js'
import { makeTensor, tensorData } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import { floats, model, node, runModel } from '../onnx/models.js'
import { quantizeHere } from './here.js'
import { likeOnnxRuntime, likePyTorch, scalar, zero } from './qdqModels.js'
import { classifier, ocrModel, temporaryFolder } from './squire.js'
import { op, weights, zoo } from './zoo.js'

const folder = temporaryFolder()
const pixels = {
  x: { type: 'float32', dims: [1, 3, 8, 8], data: Float32Array.from({ length: 192 }, (_, i) => Math.sin(i * 1.3)) },
} as const

const sized = (dims: string) => ['-is', ...dims.split(',')]

const run = (model: ModelProto | Uint8Array | string, ...words: string[]) => quantizeHere(folder, model, ...words)

describe("squire's own QDQ model becomes the same integer model", () => {
  const models: [name: string, model: ModelProto | string, ...words: string[]][] = [
    ['the classifier', classifier],
    ['the classifier with zero points', classifier, '--zero-points', 'all'],
    [
      'the detector with zero points',
      ocrModel('ch_PP-OCRv4_det_infer.onnx'),
      ...sized('1,3,32,32'),
      '--zero-points',
      'all',
    ],
    [
      'the recognizer, raw outputs',
      ocrModel('ch_PP-OCRv4_rec_infer.onnx'),
      ...sized('1,3,48,32'),
      '--zero-points',
      'all',
    ],
    ['a convolution in 16 bits', zoo['opset 13']!, '--chip', 'TX5336x', '-b', '16'],
  ]
  test.each(models)('%s', async (_, model, ...words) => {
    const first = await run(model, ...words)
    const again = await run(first.written('_qdq.onnx'), ...words)
    expect(again.said).toContain('its integers are taken over')
    for (const file of ['_quantize.onnx', '_scale.json', 'output_all_layers_quantize.onnx']) {
      expect(again.written(file).equals(first.written(file)), file).toBe(true)
    }
  })

  test('also in another mode and without what it was refined with, as it says of itself how it was made', async () => {
    const first = await run(classifier, '-qm', 'kl_v2', '--refine', 'fast', '-i', '2')
    const again = await run(first.written('_qdq.onnx'), '-qm', 'min_max')
    expect(again.written('_quantize.onnx').equals(first.written('_quantize.onnx'))).toBe(true)
  })

  test('for another chip its scales alone are taken over', async () => {
    const first = await run(zoo['opset 13']!)
    const again = await run(first.written('_qdq.onnx'), '--chip', 'TX5336x')
    expect(again.said).toMatch(/the model is a QDQ model: \d of \d scales of tensors are its own/)
  })

  test('its integer model is refused, as it is quantized already', async () => {
    const first = await run(zoo['opset 13']!)
    await expect(run(first.written('_quantize.onnx'))).rejects.toThrow(
      'is an integer model that squire wrote: it is quantized already. Give the float model, or the *_qdq.onnx beside it',
    )
  })

  test('damaged metadata are told', async () => {
    const proto = decodeModel((await run(zoo['opset 13']!)).written('_qdq.onnx'))
    const metadataProps = proto.metadataProps!.map((one) =>
      one.key === 'integers' ? { ...one, value: '{"a":1}' } : one,
    )
    await expect(run({ ...proto, metadataProps })).rejects.toThrow('metadata "integers" is damaged')
  })
})

describe("others' QDQ models", () => {
  test('as ONNX Runtime writes them: scales, zero points and integer weights are taken over', async () => {
    const proto = likeOnnxRuntime()
    const { said, written } = await run(proto)
    expect(said).toContain('the model is a QDQ model: 2 of 3 scales of tensors are its own, 1 are calibrated')
    const { tensors, operators } = JSON.parse(written('_scale.json').toString())
    expect(tensors.x).toEqual({ scale: Math.fround(2 / 255), bits: 8 })
    // uint8 with zero point 0 is int8 less 128 steps.
    const step = Math.fround(4 / 255)
    expect(tensors.r).toEqual({ scale: step, bits: 8, offset: Math.fround(128 * step) })
    expect(operators[0].weightScales).toHaveLength(4)
    for (const [c, scale] of [0.002, 0.003, 0.001, 0.0025].entries()) {
      expect(operators[0].weightScales[c] / scale).toBeCloseTo(1, 3)
    }
    const stored = decodeModel(written('_quantize.onnx')).graph.initializer.find(
      ({ name }) => name === 'Conv_c/weights',
    )
    expect([...(tensorData(stored!) as Int8Array)]).toEqual([
      ...tensorData(proto.graph.initializer.find(({ name }) => name === 'w')!),
    ])
  })

  test.each(['written', 'left to the zero point'] as const)(
    'the integer model computes what the QDQ model computes, the Relu %s',
    async (relu) => {
      const proto = likeOnnxRuntime(relu)
      const [{ y: theirs }, { y: ours }] = [
        await runModel(proto, pixels),
        await runModel(decodeModel((await run(proto, '-od')).written('_quantize.onnx')), pixels),
      ] as [Record<string, TensorValue>, Record<string, TensorValue>]
      // Theirs is rounded to steps of 0.05, ours has 16 bits.
      for (const [i, value] of (ours!.data as Float32Array).entries()) {
        expect(Math.abs(value - Number(theirs!.data[i]))).toBeLessThan(0.06)
      }
    },
  )

  test('as PyTorch exports a quantized network: parameters computed in the graph, a Cast in each pair, weights of -128', async () => {
    const proto = likePyTorch()
    const { said, written } = await run(proto, '-od')
    expect(said).toContain('4 operators on the chip, 0 in software')
    expect(said).toContain('4 of 5 scales of tensors are its own, 1 are calibrated; scales of 3 weights are its own')
    const float = await runModel(decodeModel(written('optimized.onnx')), pixels)
    const [theirs, ours] = [
      await runModel(proto, pixels),
      await runModel(decodeModel(written('_quantize.onnx')), pixels),
    ]
    const distance = (a: typeof float, b: typeof float) =>
      Math.max(...(a.y!.data as Float32Array).map((value, i) => Math.abs(value - Number(b.y!.data[i]))))
    const step = 0.05
    expect(distance(theirs, float)).toBeLessThan(2 * step)
    expect(distance(ours, float)).toBeLessThan(2 * step)
    // The channel with a -128 has a wider scale, the others keep their own.
    const { operators } = JSON.parse(written('_scale.json').toString())
    const [wide, own] = operators[0].weightScales.map((scale: number, c: number) => scale / [0.002, 0.003][c]!)
    expect(wide).toBeCloseTo(128 / 127, 3)
    expect(own).toBeCloseTo(1, 3)
  })

  test('as PyTorch exports fake quantization: float weights that are rounded in the graph, scales as Constant nodes', async () => {
    const constant = (name: string, tensor: TensorProto) =>
      node('Constant', [], [name], [makeAttribute('value', tensor)])
    const proto = model({
      inputs: { x: [1, 3, 8, 8] },
      nodes: [
        constant('xs', scalar('', 0.01)),
        constant('xz', zero('', DataType.INT8, 0)),
        constant('ws', floats('', [4], [0.01, 0.02, 0.015, 0.03])),
        constant('wz', makeTensor('', DataType.INT8, [4], new Int8Array(4))),
        op('QuantizeLinear: x xs xz -> xq'),
        op('DequantizeLinear: xq xs xz -> xd'),
        op('QuantizeLinear: w ws wz -> wq', { axis: 0 }),
        op('DequantizeLinear: wq ws wz -> wd', { axis: 0 }),
        op('Conv: xd wd -> y'),
      ],
      constants: [weights('w', 4, 3, 3, 3)],
    })
    const { said, written } = await run(proto)
    expect(said).toContain('1 of 2 scales of tensors are its own, 1 are calibrated; scales of 1 weights are its own')
    expect(JSON.parse(written('_scale.json').toString()).tensors.x).toEqual({ scale: Math.fround(0.01), bits: 8 })
  })

  test('a Relu that two pairs leave to their zero point is one, and part of the convolution', async () => {
    const pair = (n: number) => [op(`QuantizeLinear: c s z -> q${n}`), op(`DequantizeLinear: q${n} s z -> d${n}`)]
    const proto = model({
      inputs: { x: [1, 3, 8, 8] },
      nodes: [
        op('Conv: x w -> c'),
        ...pair(1),
        ...pair(2),
        op('Conv: d1 v -> e'),
        op('Conv: d2 v -> f'),
        op('Sub: e f -> y'),
      ],
      constants: [scalar('s', 0.01), zero('z', DataType.UINT8, 0), weights('w', 4, 3, 3, 3), weights('v', 4, 4, 1, 1)],
    })
    const { operators } = JSON.parse((await run(proto)).written('_scale.json').toString())
    const nodes = operators.map((one: { nodes: string[] }) => one.nodes)
    // The Relu is a Clip at the offset.
    expect(nodes).toEqual([['Conv', 'Clip'], ['Conv'], ['Conv'], ['Sub']])
  })

  test('a zero point that no bias can take in becomes a symmetric range, which is told', async () => {
    const proto = model({
      inputs: { x: [1, 3, 8, 8] },
      nodes: [op('QuantizeLinear: x s z -> q'), op('DequantizeLinear: q s z -> d'), op('Conv: d w -> y')],
      constants: [scalar('s', 0.01), zero('z', DataType.UINT8, 28), weights('w', 4, 3, 3, 3)],
    })
    const { said, written } = await run(proto)
    expect(said).toContain('zero points of 1 tensors have no place in the biases of the operators around them')
    expect(said).toContain('takes their place: x')
    // Steps -28 to 227 of 0.01.
    const { scale } = JSON.parse(written('_scale.json').toString()).tensors.x
    expect(scale).toBeCloseTo(2.27 / 127, 6)
  })

  test.each<[string, ModelProto, RegExp]>([
    [
      'integer operators',
      model({
        nodes: [{ ...op('QAttention: x w b s s -> y', {}, 'attend1'), domain: 'com.microsoft' }],
        constants: [scalar('s', 1)],
        inputs: { x: [1], w: [1], b: [1] },
      }),
      /QAttention "attend1" computes on integers.*QuantFormat\.QDQ/,
    ],
    [
      'models that are quantized while they run',
      model({
        nodes: [op('DynamicQuantizeLinear: x -> q s z', {}, 'quantize'), op('DequantizeLinear: q s z -> y')],
        inputs: { x: [1] },
      }),
      /DynamicQuantizeLinear "quantize" computes on integers.*quantize_dynamic/,
    ],
    [
      'an activation with scales for each channel',
      model({
        inputs: { x: [1, 3, 8, 8] },
        nodes: [op('QuantizeLinear: x s z -> q'), op('DequantizeLinear: q s z -> d', {}, 'dq'), op('Conv: d w -> y')],
        constants: [
          floats('s', [3], [1, 2, 3]),
          makeTensor('z', DataType.INT8, [3], new Int8Array(3)),
          weights('w', 4, 3, 3, 3),
        ],
      }),
      /DequantizeLinear "dq" has a scale for each channel of the activation "x"/,
    ],
    [
      'scales that are no numbers',
      model({
        nodes: [op('QuantizeLinear: x s -> q'), op('DequantizeLinear: q s -> d', {}, 'dq'), op('Conv: d w -> y')],
        constants: [floats('s', [], [Number.NaN]), weights('w', 4, 3, 3, 3)],
      }),
      /initializer "s", which "dq" \(DequantizeLinear\) reads, has 1 NaN of 1 values/,
    ],
    [
      'scales that are not positive',
      model({
        nodes: [op('QuantizeLinear: x s -> q'), op('DequantizeLinear: q s -> d', {}, 'dq'), op('Conv: d w -> y')],
        constants: [floats('s', [], [-1]), weights('w', 4, 3, 3, 3)],
      }),
      /DequantizeLinear "dq" has a scale that is not a positive number/,
    ],
    [
      'scales of other channels than there are',
      model({
        nodes: [op('DequantizeLinear: i s -> w', { axis: 0 }, 'dq'), op('Conv: x w -> y')],
        constants: [floats('s', [3], [1, 1, 1]), makeTensor('i', DataType.INT8, [2, 3, 1, 1], new Int8Array(6))],
      }),
      /DequantizeLinear "dq" has 3 scales along axis 0 of integers with dims \[2, 3, 1, 1\]/,
    ],
  ])('%s are refused by name', async (_, proto, message) => {
    await expect(run(proto)).rejects.toThrow(message)
  })
})
