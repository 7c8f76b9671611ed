import { describe, expect, it } from 'vitest'
import { qdqModel } from '../../src/export/qdqModel.js'
import { type AttributeValue, makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel, opsetOf } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { makeTensor, tensorData } from '../../src/onnx/tensor.js'
import { DataType, type Model, type ModelProto, type NodeProto } from '../../src/onnx/types.js'
import type { FixedLinear } from '../../src/operators/linear/solve.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import type { FixedOperator } from '../../src/operators/types.js'
import type { FixedPointModel } from '../../src/plan/types.js'
import { fixedModel, sourceModel } from './oneLayer.js'

async function run(proto: ModelProto, dims: readonly number[], ...values: number[]): Promise<number[]> {
  const session = await createSession(encodeModel(proto))
  const { y } = await session.run({ x: { type: 'float32', dims, data: Float32Array.from(values) } })
  await session.release()
  return [...(y!.data as Float32Array)]
}

/** [2, 3] integers [[1, 2, 3], [-4, 5, 127]] at scales 0.5, 1 and 2, bias [1, -2, 3]. */
const weightScales = Float64Array.of(0.5, 1, 2)
const weights = { dims: [2, 3] as const, data: Int8Array.of(1, 2, 3, -4, 5, 127) }
const real = Float32Array.of(0.5, 2, 6, -2, 5, 254)
const bias = makeTensor('bias', DataType.FLOAT, [3], Float32Array.of(1, -2, 3))

function matmul(node: NodeProto): FixedLinear {
  const scaleFix = { q0: 0, q1: 0, q2: 0, scaleInt16: Int16Array.of(1, 1, 1), biasInt16: Int16Array.of(0, 0, 0) }
  return {
    ...{ kind: 'matmul', name: 'product', nodes: [node], inputs: ['x'], outputs: ['y'], accumulatorBound: 2 ** 14 },
    ...{ weights, weightScales, scaleFix: { ...scaleFix, low: -32768, high: 32767 } },
  }
}

/** Of a product with a wide output, so that nothing is rounded but the input (scale 1/4). */
function quantized(operator: FixedOperator): FixedPointModel {
  return fixedModel(
    [operator],
    [
      { name: 'x', scale: 0.25, bits: 8 },
      { name: 'y', scale: 1, bits: 16 },
    ],
  )
}

function gemm(attributes: Readonly<Record<string, AttributeValue>>): NodeProto {
  const made = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value))
  return makeNode('Gemm', ['x', 'w', 'bias'], ['y'], made, 'gemm')
}

describe('A product in the QDQ model', () => {
  // x = [1, -2.5]: x W = [5.5, -10.5, -629].
  const sum = [5.5, -10.5, -629]
  const added = [1, -2, 3]

  it('reads int8 weights in a MatMul', async () => {
    const node = makeNode('MatMul', ['x', 'w'], ['y'], [], 'matmul')
    const source = sourceModel({ x: [1, 2] }, ['y'], { initializers: [makeTensor('w', DataType.FLOAT, [2, 3], real)] })
    const proto = qdqModel(quantized(matmul(node)), source)
    expect(await run(proto, [1, 2], 1, -2.5)).toEqual(sum)
    expect(proto.graph.initializer.some(({ name }) => name === 'w')).toBe(false)
  })

  it('reads int8 weights and an int32 bias in a Gemm', async () => {
    const initializers = [makeTensor('w', DataType.FLOAT, [2, 3], real), bias]
    const proto = qdqModel(quantized(matmul(gemm({}))), sourceModel({ x: [1, 2] }, ['y'], { initializers }))
    expect(await run(proto, [1, 2], 1, -2.5)).toEqual(sum.map((value, i) => value + added[i]!))
    const stored = proto.graph.initializer.find(({ name }) => name === 'product/bias')
    // bias / (0.25 * scale)
    expect([...tensorData(stored!)]).toEqual([8, -8, 6])
  })

  it('keeps a Gemm’s layout and factors, its bias float then', async () => {
    // The plan's weights have alpha in them: the node's own are the transposed half of it, negated.
    const own = Float32Array.of(real[0]!, real[3]!, real[1]!, real[4]!, real[2]!, real[5]!).map((value) => value / -2)
    const initializers = [makeTensor('w', DataType.FLOAT, [3, 2], own), bias]
    const source: Model = sourceModel({ x: [1, 2] }, ['y'], { initializers })
    const node = gemm({ transB: 1, alpha: { float: -2 }, beta: { float: 10 } })
    const proto = qdqModel(quantized(matmul(node)), source)
    expect(await run(proto, [1, 2], 1, -2.5)).toEqual(sum.map((value, i) => value + 10 * added[i]!))
    expect(proto.graph.initializer.some(({ name }) => name === 'bias')).toBe(true)
  })

  it('adds the bias that goes with the integer weights, also where the node has no bias or scales it', async () => {
    const moved = { bias: Float32Array.of(4, 8, -16) }
    const expected = sum.map((value, i) => value + moved.bias[i]!)
    const w = makeTensor('w', DataType.FLOAT, [2, 3], real)
    const product = matmul(makeNode('MatMul', ['x', 'w'], ['y'], [], 'matmul'))
    const alone = qdqModel(
      quantized({ ...product, ...moved }),
      sourceModel({ x: [1, 2] }, ['y'], { initializers: [w] }),
    )
    expect(await run(alone, [1, 2], 1, -2.5)).toEqual(expected)
    const scaled = matmul(gemm({ alpha: { float: 1 }, beta: { float: 10 } }))
    const whole = qdqModel(
      quantized({ ...scaled, ...moved }),
      sourceModel({ x: [1, 2] }, ['y'], { initializers: [w, bias] }),
    )
    expect(await run(whole, [1, 2], 1, -2.5)).toEqual(expected)
  })

  it('keeps a bias float that int32 cannot hold', async () => {
    const huge = makeTensor('bias', DataType.FLOAT, [3], Float32Array.of(2 ** 31, 0, 0))
    const initializers = [makeTensor('w', DataType.FLOAT, [2, 3], real), huge]
    const proto = qdqModel(quantized(matmul(gemm({}))), sourceModel({ x: [1, 2] }, ['y'], { initializers }))
    expect(proto.graph.node.filter(({ opType }) => opType === 'DequantizeLinear')).toHaveLength(2)
  })
})

describe('The QDQ model', () => {
  const clip = makeNode('Clip', ['x'], ['y'], [makeAttribute('min', { float: 0 })], 'clip')
  const table: FixedLut = {
    ...{ kind: 'lut', name: 'clip', nodes: [clip], inputs: ['x'], outputs: ['y'], label: 'Clip', spacing: undefined },
    ...{ table: new Int16Array(256), fractionBits: 0, zero: 0 },
  }
  const fixed = fixedModel(
    [table],
    [
      { name: 'x', scale: 0.5, bits: 8 },
      { name: 'y', scale: 0.25, bits: 8 },
    ],
  )

  it('reads the value that 0 stands for before a logarithm, as the table does', async () => {
    const log = makeNode('Log', ['x'], ['y'], [], 'log')
    const steep: FixedLut = { ...table, kind: 'steeplut', nodes: [log], zero: 0.125 }
    const tensors = fixed.quantized.get('x')!
    const proto = qdqModel(
      fixedModel([steep], [tensors, { name: 'y', scale: 2 ** -10, bits: 16 }]),
      sourceModel({ x: [3] }, ['y']),
    )
    const close = (await run(proto, [3], 0.2, 0, 0.9)).map((value) => value.toFixed(4))
    expect(close).toEqual([0.125, 0.125, 1].map((value) => Math.log(value).toFixed(4)))
  })

  it('rounds and clips its inputs and outputs to the chip’s scales, under their own names', async () => {
    const proto = qdqModel(fixed, sourceModel({ x: [4] }, ['y'], { opset: 9 }), { mode: 'mse', version: '1.0.0' })
    expect(await run(proto, [4], -3, 1.1, 7.6, 100)).toEqual([0, 1, 7.5, 31.75])
    expect(proto.graph.output.map(({ name }) => name)).toEqual(['y'])
    expect(proto.graph.node.filter(({ opType }) => opType === 'QuantizeLinear')).toHaveLength(2)
    expect(proto.metadataProps).toContainEqual({ key: 'mode', value: 'mse' })
  })

  it('is raised to opset 13, which has scales per channel, and keeps a later one', () => {
    expect(opsetOf(qdqModel(fixed, sourceModel({ x: [4] }, ['y'], { opset: 9 })))).toBe(13)
    expect(opsetOf(qdqModel(fixed, sourceModel({ x: [4] }, ['y'], { opset: 17 })))).toBe(17)
  })

  it('has the same bytes each time', () => {
    const bytes = () => Buffer.from(encodeModel(qdqModel(fixed, sourceModel({ x: [4] }, ['y']))))
    expect(bytes().equals(bytes())).toBe(true)
  })
})
