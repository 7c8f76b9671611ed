import { describe, expect, it } from 'vitest'
import { toInputTensor } from '../../src/dataset/tensors/inputTensor.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { specialize } from '../../src/onnx/edits/specialize.js'
import { modelInputs } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../../src/onnx/node.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { DataType, type GraphProto, type TensorValue } from '../../src/onnx/types.js'
import { asModel, longs, node, operators } from './models.js'

const branch = (opType: string): GraphProto =>
  makeGraph({
    name: opType,
    nodes: [node(opType, ['x'], [`${opType}_y`])],
    inputs: [],
    outputs: [makeValueInfo(`${opType}_y`, DataType.FLOAT)],
  })

/** y = rate == 16000 ? relu(x) : sigmoid(x) */
function detector(condition: 'rate' | 'x') {
  const nodes = [
    ...(condition === 'x' ? [node('ReduceSum', ['x'], ['total'], [makeAttribute('keepdims', 0)])] : []),
    ...(condition === 'x' ? [node('Cast', ['total'], ['number'], [makeAttribute('to', DataType.INT64)])] : []),
    node('Equal', [condition === 'x' ? 'number' : 'rate', 'wanted'], ['c']),
    node(
      'If',
      ['c'],
      ['y'],
      [makeAttribute('then_branch', branch('Relu')), makeAttribute('else_branch', branch('Sigmoid'))],
    ),
  ]
  const inputs = [makeValueInfo('x', DataType.FLOAT, ['n', 4]), makeValueInfo('rate', DataType.INT64, [])]
  const outputs = [makeValueInfo('y', DataType.FLOAT)]
  return makeModel(makeGraph({ nodes, inputs, outputs, initializers: [longs('wanted', [], [16000])] }), 16)
}

const x: TensorValue = { type: 'float32', dims: [2, 4], data: new Float32Array(8) }
const rate = (value: number): TensorValue => ({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) })

describe('specialize', () => {
  it.each([
    [16000, 'Relu'],
    [8000, 'Sigmoid'],
  ])('a rate of %i leaves the branch that it takes', async (value, taken) => {
    const { proto, values } = specialize(detector('rate'), { x, rate: rate(value) })!
    expect([...values]).toEqual([['rate', value]])
    const { model } = await optimize(asModel(proto))
    expect(operators(model.proto)).toEqual([taken])
    expect(modelInputs(model.proto)).toEqual([
      { name: 'x', dataType: DataType.FLOAT, dims: [2, 4] },
      { name: 'rate', dataType: DataType.INT64, dims: [], value },
    ])
  })

  it('another value of such an input is refused, with the place', () => {
    const { proto } = specialize(detector('rate'), { x, rate: rate(16000) })!
    const input = modelInputs(proto)[1]!
    const place = { where: 'sample "7"', index: 1 }
    expect(toInputTensor({ ...rate(16000) }, input, place).data).toEqual(BigInt64Array.of(16000n))
    expect(() => toInputTensor({ ...rate(8000) }, input, place)).toThrow(
      'sample "7": input 1 "rate" is 8000, where the first sample has 16000',
    )
  })

  it('conditions that come from float data stay conditions', () => {
    expect(specialize(detector('x'), { x, rate: rate(16000) })).toBeUndefined()
  })
})
