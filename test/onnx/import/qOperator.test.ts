// Models in ONNX Runtime's QOperator format. In QDQ form they compute what they did, within the step that a float sum may round the other way.

import { describe, expect, it } from 'vitest'
import { makeAttribute as a } from '../../../src/onnx/attribute.js'
import { takeQdq } from '../../../src/onnx/import/qdq.js'
import { asQdq } from '../../../src/onnx/import/qOperator.js'
import { CONTRIB_DOMAIN } from '../../../src/onnx/operators.js'
import { elementCount, makeTensor } from '../../../src/onnx/tensor.js'
import { DataType, type NodeProto, type TensorProto } from '../../../src/onnx/types.js'
import { floats, longs, model, node, operators, runModel } from '../models.js'

const signed = (name: string, dims: readonly number[]): TensorProto => {
  const data = Int8Array.from({ length: elementCount(dims) }, (_, i) => ((i * 37) % 101) - 50)
  return makeTensor(name, DataType.INT8, dims, data)
}
const zero = (name: string, value: number) => makeTensor(name, DataType.UINT8, [], Uint8Array.of(value))

const constants: readonly TensorProto[] = [
  ...[floats('x_s', [], [0.02]), zero('x_z', 120), floats('y_s', [], [0.03]), zero('y_z', 90)],
  ...[signed('w', [4, 3, 2, 2]), floats('w_s', [4], [0.01, 0.02, 0.005, 0.01]), signed('matrix', [4, 5])],
  ...[makeTensor('w_z', DataType.INT8, [4], new Int8Array(4)), makeTensor('m_z', DataType.INT8, [], new Int8Array(1))],
  ...[floats('m_s', [], [0.01]), signed('rows', [3, 4]), longs('flat', [2], [3, 4])],
  ...[longs('zero', [1], [0]), longs('one', [1], [1]), longs('axis', [1], [2])],
  makeTensor('b', DataType.INT32, [4], Int32Array.of(900, -700, 0, 50)),
  makeTensor('c', DataType.INT32, [3], Int32Array.of(500, -300, 20)),
  makeTensor('which', DataType.BOOL, [4], Uint8Array.of(1, 0, 1, 1)),
]

const ours = (type: string, inputs: string, attributes: NodeProto['attribute'] = []): NodeProto => ({
  ...node(type, inputs.split(' '), ['y_q'], attributes),
  domain: CONTRIB_DOMAIN,
})

/** Operator -> the nodes on integers, and the float operators that they stand for. */
const cases: Readonly<Record<string, readonly [nodes: readonly NodeProto[], float: readonly string[]]>> = {
  'QLinearConv with a scale a channel and a bias': [
    [node('QLinearConv', 'x_q x_s x_z w w_s w_z y_s y_z b'.split(' '), ['y_q'], [a('pads', [1, 1, 0, 0])])],
    ['Conv'],
  ],
  QLinearMatMul: [[node('QLinearMatMul', 'x_q x_s x_z matrix m_s m_z y_s y_z'.split(' '), ['y_q'])], ['MatMul']],
  'QGemm behind a Reshape of integers': [
    [
      node('Slice', ['x_q', 'zero', 'one', 'axis'], ['s_q']),
      node('Reshape', ['s_q', 'flat'], ['f_q']),
      ours('QGemm', 'f_q x_s x_z rows m_s m_z c y_s y_z', [a('transB', 1)]),
    ],
    ['Slice', 'Reshape', 'Gemm'],
  ],
  QLinearAdd: [[ours('QLinearAdd', 'x_q x_s x_z x_q x_s x_z y_s y_z')], ['Add']],
  QLinearMul: [[ours('QLinearMul', 'x_q x_s x_z x_q x_s x_z y_s y_z')], ['Mul']],
  QLinearSigmoid: [[ours('QLinearSigmoid', 'x_q x_s x_z y_s y_z')], ['Sigmoid']],
  QLinearLeakyRelu: [[ours('QLinearLeakyRelu', 'x_q x_s x_z y_s y_z', [a('alpha', { float: 0.1 })])], ['LeakyRelu']],
  QLinearSoftmax: [[ours('QLinearSoftmax', 'x_q x_s x_z y_s y_z', [a('opset', 13), a('axis', 1)])], ['Softmax']],
  QLinearGlobalAveragePool: [[ours('QLinearGlobalAveragePool', 'x_q x_s x_z y_s y_z')], ['GlobalAveragePool']],
  QLinearAveragePool: [
    [ours('QLinearAveragePool', 'x_q x_s x_z y_s y_z', [a('kernel_shape', [2, 2])])],
    ['AveragePool'],
  ],
  'QLinearConcat of integers that a MaxPool moves': [
    [
      node('MaxPool', ['x_q'], ['p_q'], [a('kernel_shape', [1, 1])]),
      ours('QLinearConcat', 'y_s y_z x_q x_s x_z p_q x_s x_z', [a('axis', 1)]),
    ],
    ['MaxPool', 'Concat'],
  ],
  QLinearWhere: [[ours('QLinearWhere', 'which x_q x_s x_z x_q x_s x_z y_s y_z')], ['Where']],
}

describe('a model in QOperator format', () => {
  it.each(Object.entries(cases))('%s', async (_, [nodes, float]) => {
    const given = model({
      nodes: [
        node('QuantizeLinear', ['x', 'x_s', 'x_z'], ['x_q']),
        ...nodes,
        node('DequantizeLinear', ['y_q', 'y_s', 'y_z'], ['y']),
      ],
      constants,
    })
    const proto = { ...given, opsetImport: [...given.opsetImport, { domain: CONTRIB_DOMAIN, version: 1 }] }
    const [before, after] = [await runModel(proto), await runModel(asQdq(proto))]
    expect(after.y!.dims).toEqual(before.y!.dims)
    for (const [i, value] of before.y!.data.entries()) {
      expect(Math.abs(Number(value) - Number(after.y!.data[i]))).toBeLessThan(0.0301)
    }
    const taken = await takeQdq(proto)
    expect(operators(taken!.proto)).toEqual(float)
    expect(taken!.scales.activations.size).toBeGreaterThan(0)
  })

  it('has no operator by a name that every object has', () => {
    const proto = model({ nodes: [node('constructor', ['x'], ['y'])] })
    expect(asQdq(proto)).toBe(proto)
  })
})
