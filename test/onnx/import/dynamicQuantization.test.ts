// Models as quantize_dynamic writes them. Inputs whose largest value is 255 have the scale 1 and lose nothing, so the model taken in float must compute the same.

import { describe, expect, it } from 'vitest'
import { makeAttribute as a } from '../../../src/onnx/attribute.js'
import { importModel } from '../../../src/onnx/import/index.js'
import { takeQdq } from '../../../src/onnx/import/qdq.js'
import { optimize } from '../../../src/onnx/passes/index.js'
import { elementCount, makeTensor } from '../../../src/onnx/tensor.js'
import {
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type TensorValue,
} from '../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../models.js'

const bytes = (name: string, dims: readonly number[], zeroPoint = 0): TensorProto => {
  const data = Int8Array.from({ length: elementCount(dims) }, (_, i) => ((i * 37) % 101) - 50 + zeroPoint)
  return makeTensor(name, DataType.INT8, dims, data)
}
const zeros = (name: string, ...values: number[]) =>
  makeTensor(name, DataType.INT8, values.length === 1 ? [] : [values.length], Int8Array.from(values))
const cast = (from: string, to: string, type: number) => node('Cast', [from], [to], [a('to', type)])
const quantize = (name: string) => node('DynamicQuantizeLinear', [name], [`${name}_q`, `${name}_s`, `${name}_z`])

/** Whole numbers from 0 to 255, both among them. */
function whole(dims: readonly number[]): TensorValue {
  const data = Float32Array.from({ length: elementCount(dims) }, (_, i) => (i * 85) % 256)
  data[1] = 255
  return { type: 'float32', dims, data }
}

async function floatModel(proto: ModelProto) {
  const { model: imported, log } = importModel(asModel(proto))
  expect(log.join()).toContain('quantize_dynamic')
  return (await optimize(imported)).model.proto
}

/** What runs in float computes what the integers do. */
async function expectSame(
  nodes: readonly NodeProto[],
  constants: readonly TensorProto[],
  inputs: Record<string, number[]>,
) {
  const proto = model({ nodes, constants, inputs })
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, dims]) => [name, whole(dims)]))
  const taken = await floatModel(proto)
  expect(largestDifference(await runModel(proto, feeds), await runModel(taken, feeds))).toBeLessThan(1e-5)
  return taken
}

const convolution = (after: readonly NodeProto[]) => [
  quantize('x'),
  node('Mul', ['x_s', 'w_s'], ['s']),
  node('ConvInteger', ['x_q', 'w', 'x_z', 'w_z'], ['sums'], [a('pads', [1, 1, 1, 1]), a('kernel_shape', [3, 3])]),
  ...after,
]
const weights = [bytes('w', [4, 3, 3, 3], 3), zeros('w_z', 3), floats('w_s', [], [0.01])]
const bias = [floats('b', [4]), longs('row', [4], [1, -1, 1, 1])]

describe('a model that is quantized while it runs', () => {
  it('has its convolutions and their biases in float', async () => {
    const after = [
      node('Reshape', ['b', 'row'], ['b_row']),
      cast('sums', 'real', DataType.FLOAT),
      node('Mul', ['real', 's'], ['scaled']),
      node('Add', ['scaled', 'b_row'], ['y']),
    ]
    const taken = await expectSame(convolution(after), [...weights, ...bias], { x: [1, 3, 4, 4] })
    expect(operators(taken)).toEqual(['Conv'])
  })

  it('of an older version has biases that are not rounded', async () => {
    const after = [
      node('Div', ['b', 's'], ['b_s']),
      node('Floor', ['b_s'], ['b_floor']),
      cast('b_floor', 'b_q', DataType.INT32),
      node('Reshape', ['b_q', 'row'], ['b_row']),
      node('Add', ['sums', 'b_row'], ['biased']),
      cast('biased', 'real', DataType.FLOAT),
      node('Mul', ['real', 's'], ['y']),
    ]
    const nodes = convolution(after)
    const exact = [floats('b', [4], [0.5, -1, 0, 2]), bias[1]!]
    const taken = await expectSame(nodes, [...weights, ...exact], { x: [1, 3, 4, 4] })
    expect(operators(taken)).toEqual(['Conv'])
    const odd = await floatModel(
      model({ nodes, constants: [...weights, floats('b', [4], [0.004, 0, 0, 0]), bias[1]!] }),
    )
    const [zero] = Object.values(await runModel(odd, { x: { ...whole([1, 3, 4, 4]), data: new Float32Array(48) } }))
    expect(zero!.data[0]).toBeCloseTo(0.004, 6)
  })

  it('has its products in float, with scales and zero points a column, and of two activations', async () => {
    const product = (right: string, zero: string) => [
      node('MatMulInteger', ['x_q', right, 'x_z', zero], ['sums']),
      cast('sums', 'real', DataType.FLOAT),
      node('Mul', ['real', 's'], ['y']),
    ]
    const constants = [bytes('w', [4, 3]), zeros('w_z', 1, -2, 3), floats('w_s', [3], [0.01, 0.02, 0.5])]
    const fixed = [quantize('x'), node('Mul', ['x_s', 'w_s'], ['s']), ...product('w', 'w_z')]
    const taken = await expectSame(fixed, constants, { x: [5, 4] })
    expect(operators(taken)).toEqual(['MatMul'])
    const both = [quantize('x'), quantize('k'), node('Mul', ['x_s', 'k_s'], ['s']), ...product('k_q', 'k_z')]
    expect(operators(await expectSame(both, [], { x: [2, 3], k: [3, 4] }))).toEqual(['MatMul'])
  })

  it.each([
    ['a direction', [2], [0.01, 0.02]],
    ['a gate of each', [2, 8], Array.from({ length: 16 }, (_, i) => 0.01 + i / 1000)],
  ])('has its LSTM in float, with a scale for %s', async (_, dims, scales) => {
    const parameters = (name: string) => [
      makeTensor(`${name}_z`, DataType.INT8, dims, new Int8Array(scales.length)),
      floats(`${name}_s`, dims, scales),
    ]
    const constants = [
      bytes('w', [2, 3, 8]),
      bytes('r', [2, 2, 8]),
      ...parameters('w'),
      ...parameters('r'),
      floats('b', [2, 16]),
    ]
    const input = ['x', 'w', 'r', 'b', '', '', '', '', 'w_s', 'w_z', 'r_s', 'r_z']
    const attributes = [a('hidden_size', 2), a('direction', 'bidirectional')]
    const lstm = { ...node('DynamicQuantizeLSTM', input, ['y'], attributes, 'lstm'), domain: 'com.microsoft' }
    const proto = model({ nodes: [lstm], constants, inputs: { x: [4, 1, 3] } })
    const known = { ...proto, opsetImport: [...proto.opsetImport, { domain: 'com.microsoft', version: 1 }] }
    // The runtime rounds the inputs and states.
    expect(largestDifference(await runModel(known), await runModel(await floatModel(known)))).toBeLessThan(0.03)
  })

  it('stays as it is, and is refused, where something else reads the integers', async () => {
    const real = node('DequantizeLinear', ['x_q', 'x_s', 'x_z'], ['again'])
    const nodes = convolution([cast('sums', 'real', DataType.FLOAT), node('Mul', ['real', 's'], ['y']), real])
    const { model: imported, log } = importModel(asModel(model({ nodes, constants: weights, outputs: ['y', 'again'] })))
    expect(log).toEqual([])
    await expect(takeQdq(imported.proto)).rejects.toThrow('the model is quantized while it runs (quantize_dynamic)')
  })
})
