import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { importModel } from '../../../../src/onnx/import/index.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { constantInputs } from '../../../../src/onnx/passes/constants/constantInputs.js'
import { constantNodes } from '../../../../src/onnx/passes/constants/constantNodes.js'
import { foldConstants } from '../../../../src/onnx/passes/constants/foldConstants.js'
import { makeTensor, tensorData, tensorDims } from '../../../../src/onnx/tensor.js'
import { DataType, type ModelProto, type TensorProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

function constant(proto: ModelProto, name: string): TensorProto | undefined {
  return proto.graph.initializer.find((tensor) => tensor.name === name)
}

describe('constantInputs', () => {
  it('takes initializers out of the inputs and leaves the IR version that allows it', async () => {
    const proto = { ...model({ nodes: [], inputs: { x: [2], w: [2] }, constants: [floats('w', [2])] }), irVersion: 3 }
    const result = await constantInputs.apply(proto)
    expect(result.count).toBe(1)
    expect(result.proto.irVersion).toBe(4)
    expect(result.proto.graph.input.map(({ name }) => name)).toEqual(['x'])
  })

  it('returns the very same model where there is nothing to do', async () => {
    const proto = { ...model({ nodes: [] }), irVersion: 3 }
    expect((await constantInputs.apply(proto)).proto).toBe(proto)
  })
})

describe('constantNodes', () => {
  it('makes an initializer of each numeric form', async () => {
    const proto = model({
      nodes: [
        node('Constant', [], ['a'], [makeAttribute('value', floats('other', [2], [1, 2]))]),
        node('Constant', [], ['b'], [makeAttribute('value_float', { float: 0.5 })]),
        node('Constant', [], ['c'], [makeAttribute('value_floats', { floats: [1, 2] })]),
        node('Constant', [], ['d'], [makeAttribute('value_int', 7)]),
        node('Constant', [], ['e'], [makeAttribute('value_ints', [7n, 2n ** 63n - 1n])]),
        node('Constant', [], ['f'], [makeAttribute('value_string', 'text')]),
      ],
    })
    const result = await constantNodes.apply(proto)
    expect(result.count).toBe(5)
    expect(operators(result.proto)).toEqual(['Constant'])
    const tensors = result.proto.graph.initializer.map((item) => [item.name, tensorDims(item), tensorData(item)])
    expect(tensors).toEqual([
      ['a', [2], Float32Array.of(1, 2)],
      ['b', [], Float32Array.of(0.5)],
      ['c', [2], Float32Array.of(1, 2)],
      ['d', [], BigInt64Array.of(7n)],
      ['e', [2], BigInt64Array.of(7n, 2n ** 63n - 1n)],
    ])
  })
})

describe('foldConstants', () => {
  it('keeps a node of which what stays reads an output', async () => {
    const proto = model({
      nodes: [
        node('Split', ['b'], ['first', 'second']),
        node('Relu', ['first'], ['between']),
        node('Neg', ['between'], ['last']),
        node('Sum', ['x', 'second', 'last'], ['y']),
      ],
      constants: [floats('b', [2, 3, 1, 4])],
    })
    const { graph } = (await foldConstants.apply(proto)).proto
    const known = new Set([
      ...graph.initializer.map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
      'x',
    ])
    expect(graph.node.flatMap(({ input }) => input).filter((name) => !known.has(name))).toEqual([])
    expect(constant((await foldConstants.apply(proto)).proto, 'last')).toBeDefined()
  })

  it('computes what depends on constants alone, in any element type', async () => {
    const proto = model({
      nodes: [
        node('Shape', ['w'], ['shape']),
        node('Gather', ['shape', 'first'], ['rows']),
        node('Cast', ['rows'], ['half'], [makeAttribute('to', DataType.FLOAT16)]),
        node('Cast', ['half'], ['scale'], [makeAttribute('to', DataType.FLOAT)]),
        node('Mul', ['x', 'scale'], ['y']),
      ],
      constants: [floats('w', [5, 2]), longs('first', [], [0])],
      outputs: ['y', 'half'],
    })
    proto.graph.output[1] = makeValueInfo('half', DataType.FLOAT16)
    const result = await foldConstants.apply(proto)
    expect(operators(result.proto)).toEqual(['Shape', 'Gather', 'Mul'])
    expect(tensorData(constant(result.proto, 'scale')!)).toEqual(Float32Array.of(5))
    expect(tensorData(constant(result.proto, 'half')!)).toEqual(Uint16Array.of(0x4500))
    expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBe(0)
  })

  it('computes what a subgraph reads', async () => {
    const branch = makeGraph({
      nodes: [node('Add', ['x', 'b'], ['z'])],
      inputs: [],
      outputs: [makeValueInfo('z', DataType.FLOAT)],
    })
    const proto = model({
      nodes: [
        node('Neg', ['a'], ['b']),
        node('ReduceSum', ['x'], ['s'], [makeAttribute('keepdims', 0)]),
        node('Cast', ['s'], ['c'], [makeAttribute('to', DataType.BOOL)]),
        node('If', ['c'], ['y'], [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]),
      ],
      constants: [floats('a', [1], [2])],
    })
    const result = await foldConstants.apply(proto)
    expect(result.count).toBe(1)
    expect(tensorData(constant(result.proto, 'b')!)).toEqual(Float32Array.of(-2))
    expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBe(0)
  })

  it('leaves random operators, quantizers and control flow', async () => {
    const branch = makeGraph({ nodes: [node('Neg', ['a'], ['n'])], inputs: [], outputs: [{ name: 'n' }] })
    const proto = model({
      nodes: [
        node('RandomNormal', [], ['r'], [makeAttribute('shape', [1])]),
        node('RandomUniformLike', ['a'], ['u']),
        node('QuantizeLinear', ['a', 'a'], ['q']),
        node('DequantizeLinear', ['q', 'a'], ['d']),
        node('If', ['yes'], ['i'], [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]),
        node('Sum', ['x', 'r', 'u', 'd', 'i'], ['y']),
      ],
      constants: [floats('a', [1], [2]), { name: 'yes', dims: [], dataType: DataType.BOOL, int32Data: [1] }],
    })
    expect(await foldConstants.apply(proto)).toEqual({ proto, count: 0 })
  })

  it('leaves a result much larger than its sources, and computes what is small after it', async () => {
    const proto = model({
      nodes: [
        node('ConstantOfShape', ['shape'], ['zeros']),
        node('ReduceSum', ['zeros'], ['sum'], [makeAttribute('keepdims', 0)]),
        node('Add', ['x', 'sum'], ['y']),
        node('ReduceMax', ['zeros'], ['z']),
        node('Concat', ['x', 'zeros'], ['large'], [makeAttribute('axis', 1)]),
      ],
      constants: [longs('shape', [4], [1, 5000000, 1, 1])],
      inputs: { x: [1, 2, 1, 1] },
      outputs: ['y', 'z', 'large'],
    })
    const result = await foldConstants.apply(proto)
    expect(operators(result.proto)).toEqual(['ConstantOfShape', 'Add', 'Concat'])
    expect((await foldConstants.apply(result.proto)).count).toBe(0)
  })

  it('leaves a node whole when one of its outputs cannot be folded', async () => {
    const proto = model({
      nodes: [
        node('ConstantOfShape', ['shape'], ['zeros']),
        node('Split', ['zeros', 'parts'], ['small', 'large'], [makeAttribute('axis', 1)]),
        node('Add', ['x', 'small'], ['y']),
        node('Add', ['x', 'large'], ['z']),
      ],
      constants: [longs('shape', [2], [1, 5000001]), longs('parts', [2], [1, 5000000])],
      inputs: { x: [1, 1] },
      outputs: ['y', 'z'],
    })
    expect(await foldConstants.apply(proto)).toEqual({ proto, count: 0 })
  })

  it('makes values of weights of 4 bits, whose scales may be negative', async () => {
    const weights = {
      name: 'w',
      dims: [8, 4],
      dataType: DataType.INT4,
      rawData: Uint8Array.from({ length: 16 }, (_, i) => 37 * i),
    }
    const scales = floats('s', [2, 4], [0.5, -0.25, 1, 2, -1, 0.125, 0.5, 1])
    const bytes = makeTensor('q', DataType.INT8, [4], Int8Array.of(1, 2, 3, 4))
    const proto = model({
      nodes: [
        node('DequantizeLinear', ['w', 's'], ['d'], [makeAttribute('axis', 0), makeAttribute('block_size', 4)], 'four'),
        node('DequantizeLinear', ['q', 'one'], ['e'], [], 'eight'),
        node('MatMul', ['x', 'd'], ['p'], [], 'product'),
        node('Add', ['p', 'e'], ['y'], [], 'sum'),
      ],
      constants: [weights, scales, bytes, floats('one', [], [1])],
      inputs: { x: [2, 8] },
      opset: 21,
    })
    const { proto: folded } = await foldConstants.apply(proto)
    expect(operators(folded)).toEqual(['DequantizeLinear', 'MatMul', 'Add'])
    expect(largestDifference(await runModel(proto), await runModel(folded))).toBeLessThan(1e-6)
    expect(operators(importModel(asModel(proto)).model.proto)).toContain('MatMul')
  })

  it('leaves what is no tensor', async () => {
    const proto = model({
      nodes: [node('SequenceConstruct', ['a'], ['s']), node('SequenceAt', ['s', 'at'], ['y'])],
      constants: [floats('a', [1]), longs('at', [], [0])],
      outputs: ['y', 's'],
    })
    const sequence = structuredClone(proto)
    delete sequence.graph.output[1]!.type
    const result = await foldConstants.apply(sequence)
    expect(operators(result.proto)).toEqual(['SequenceConstruct'])
    expect(constant(result.proto, 'y')).toBeDefined()
  })
})
