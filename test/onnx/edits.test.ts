// What -is, -ib, -on, --mean, --std and -ov make of a model.

import { describe, expect, it } from 'vitest'
import { convertOpset } from '../../src/emit/opset/convertOpset.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { cutOutputs } from '../../src/onnx/edits/cutOutputs.js'
import { fixBatch, fixInputShapes, requireFittingShapes, withRanks } from '../../src/onnx/edits/inputShapes.js'
import { normalizeInput } from '../../src/onnx/edits/normalize.js'
import { modelInputs, opsetOf } from '../../src/onnx/model.js'
import { makeValueInfo } from '../../src/onnx/node.js'
import { inferTensors } from '../../src/onnx/shapes/inference.js'
import { DataType } from '../../src/onnx/types.js'
import { feedsFor, floats, largestDifference, longs, model, node, operators, runModel } from './models.js'

const dynamic = model({
  inputs: { x: ['n', 3, '', ''], z: ['n', 4] },
  nodes: [node('Relu', ['x'], ['y']), node('Neg', ['z'], ['v'])],
  outputs: ['y', 'v'],
})
const dimsOf = (proto: typeof dynamic) => modelInputs(proto).map(({ dims }) => dims)

describe('input shapes', () => {
  it('take the place of dynamic dims, input by input', () => {
    expect(dimsOf(fixInputShapes(dynamic, [[2, 3, 8, 6]]))).toEqual([
      [2, 3, 8, 6],
      ['n', 4],
    ])
  })

  it('pass over scalars, which have no dims to give', () => {
    const withScalar = model({
      inputs: { x: ['n', 3], rate: [], z: ['n', 4] },
      nodes: [node('Mul', ['x', 'rate'], ['y']), node('Neg', ['z'], ['v'])],
      outputs: ['y', 'v'],
    })
    const shapes = [
      [2, 3],
      [2, 4],
    ]
    expect(dimsOf(fixInputShapes(withScalar, shapes))).toEqual([[2, 3], [], [2, 4]])
  })

  it.each([
    [
      [[2, 4, 8, 6]],
      'input "x" has dims [n, 3, ?, ?], which [2, 4, 8, 6] does not fit: only dynamic dims can be chosen',
    ],
    [[[2, 3]], 'which [2, 3] does not fit: give 4 dims'],
    [[[1], [1], [1]], 'has 3 shapes, the model has 2 inputs with dims: "x", "z"'],
  ])('%j is refused', (shapes, message) => {
    expect(() => fixInputShapes(dynamic, shapes)).toThrow(message)
  })

  it('give a rank to an input that has no shape at all, in its place among the others', async () => {
    const rate = makeValueInfo('rate', DataType.FLOAT, [])
    const unranked = { name: 'x', type: { tensorType: { elemType: DataType.FLOAT } } }
    const input = [rate, unranked, ...dynamic.graph.input.slice(1)]
    const proto = { ...dynamic, graph: { ...dynamic.graph, input } }
    const shapes = [
      [2, 5],
      [2, 4],
    ]
    expect(() => modelInputs(proto)).toThrow(
      'input "x" does not say how many dimensions it has; give its shape with --',
    )
    const fixed = fixInputShapes(withRanks(proto, shapes), shapes)
    expect(dimsOf(fixed)).toEqual([[], [2, 5], [2, 4]])
    await expect(requireFittingShapes(fixed, shapes)).resolves.toBeUndefined()
    expect(() => modelInputs(withRanks(proto, []))).toThrow('does not say')
  })

  it.each([
    ['Conv', [8, 3, 3, 3], [1, 3, 8]],
    ['MatMul', [4, 3], [1, 5]],
  ])('that a %s contradicts are told with the node', async (opType, weights, shape) => {
    const plain = model({ nodes: [node(opType, ['x', 'w'], ['y'], [], 'first')], constants: [floats('w', weights)] })
    const unranked = { name: 'x', type: { tensorType: { elemType: DataType.FLOAT } } }
    const proto = { ...plain, graph: { ...plain.graph, input: [unranked] } }
    const fixed = fixInputShapes(withRanks(proto, [shape]), [shape])
    const got = `[${shape.join(', ')}]`
    await expect(requireFittingShapes(fixed, [shape])).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/^--input-shapes \(-is\): the graph contradicts .* \(first\).* Give the shapes/s),
    })
    await expect(requireFittingShapes(fixed, [shape])).rejects.toThrow(got)
  })

  it('of a batch alone become static in the batch alone', () => {
    expect(dimsOf(fixBatch(dynamic, 4))).toEqual([
      [4, 3, '', ''],
      [4, 4],
    ])
    expect(() => fixBatch(fixBatch(dynamic, 4), 2)).toThrow('--ir-batch (-ib) is for models with a dynamic batch')
  })
})

describe('a cut', () => {
  const chain = model({
    inputs: { x: [1, 4], z: [1, 4] },
    nodes: [
      node('Relu', ['x'], ['a'], [], 'relu'),
      node('Add', ['a', 'k'], ['b'], [], 'add'),
      node('Mul', ['b', 'z'], ['y'], [], 'mul'),
    ],
    constants: [floats('k', [4])],
  })

  it('leaves what the new outputs need, in the order asked', async () => {
    const cut = cutOutputs(chain, ['b', 'relu'])
    expect(operators(cut)).toEqual(['Relu', 'Add'])
    expect(modelInputs(cut).map(({ name }) => name)).toEqual(['x'])
    const { x } = feedsFor(chain)
    const outputs = await runModel(cut, { x: x! })
    expect(Object.keys(outputs)).toEqual(['b', 'a'])
  })

  it('at a name that is not there is refused, with names that are', () => {
    expect(() => cutOutputs(chain, ['c'])).toThrow(
      'no tensor or node "c" to end at. The last that it has: "a", "b", "y"',
    )
  })
})

describe('normalization', () => {
  it.each([
    [
      [1, 3, 4, 4],
      [10, 20, 30],
      [2, 4, 5],
    ],
    [
      [1, 4, 4, 3],
      [10, 20, 30],
      [2, 4, 5],
    ],
    [[1, 3, 4, 4], [7], [3]],
  ])('of %j is (x - mean) / std', async (dims, mean, std) => {
    const plain = model({ inputs: { x: dims }, nodes: [node('Identity', ['x'], ['y'])] })
    const feeds = feedsFor(plain)
    const channelOf = (at: number) => (dims[1] === 3 ? Math.floor(at / 16) % 3 : at % 3)
    const expected = Float32Array.from(feeds.x!.data as Float32Array, (x, at) => {
      const c = mean.length === 1 ? 0 : channelOf(at)
      return (x - mean[c]!) / std[c]!
    })
    const { y } = await runModel(normalizeInput(plain, { mean, std }), feeds)
    expect(largestDifference({ y: y! }, { y: { ...y!, data: expected } })).toBeLessThan(1e-6)
  })

  it('that does not fit is refused', () => {
    const plain = model({ inputs: { x: [1, 4, 2, 2] }, nodes: [node('Identity', ['x'], ['y'])] })
    expect(() => normalizeInput(plain, { mean: [1, 2, 3], std: [1, 2, 3] })).toThrow(
      '3 values do not fit input "x" with dims [1, 4, 2, 2]',
    )
  })
})

describe('a later opset', () => {
  const axes = [makeAttribute('axes', [2, 3]), makeAttribute('keepdims', 0)]
  const old = model({
    opset: 11,
    nodes: [
      node('Softmax', ['x'], ['s']),
      node('ReduceMean', ['s'], ['m'], axes),
      node('Split', ['m'], ['p', 'q', 'y'], [makeAttribute('axis', 1)]),
    ],
  })

  it.each([13, 15, 18])('%i computes the same', async (target) => {
    const converted = convertOpset(old, target, await inferTensors(old, {}))
    expect(opsetOf(converted)).toBe(target)
    expect(largestDifference(await runModel(converted), await runModel(old))).toBeLessThan(1e-6)
  })
})

describe('an earlier opset', () => {
  const constants = [longs('axes', [1], [-1]), longs('p', [2], [1, 2]), longs('none', [0], [])]
  const late = model({
    opset: 20,
    constants,
    nodes: [
      node('Pad', ['x', 'p', '', 'axes'], ['a']),
      node('ReduceMean', ['a', 'axes'], ['b'], [makeAttribute('keepdims', 1)]),
      node('ReduceMax', ['b', 'none'], ['c'], [makeAttribute('noop_with_empty_axes', 1)]),
      node('Split', ['c'], ['d', 'e', 'f'], [makeAttribute('axis', 1), makeAttribute('num_outputs', 3)]),
      node('AveragePool', ['d'], ['g'], [makeAttribute('kernel_shape', [1, 1]), makeAttribute('dilations', [1, 1])]),
      node('Concat', ['g', 'e', 'f'], ['y'], [makeAttribute('axis', 1)]),
    ],
  })

  it.each([13, 15, 17, 18])('%i computes the same', async (target) => {
    const converted = convertOpset(late, target, await inferTensors(late, {}))
    expect(opsetOf(converted)).toBe(target)
    expect(largestDifference(await runModel(converted), await runModel(late))).toBe(0)
  })

  it('names every node that has no form there', async () => {
    const proto = model({
      opset: 20,
      constants: [longs('axes', [1], [2])],
      nodes: [
        node('Gelu', ['x'], ['g'], [], 'act'),
        node('Shape', ['g'], ['s'], [makeAttribute('start', 1)], 'inner'),
        node('ReduceSum', ['g', 'axes'], ['y'], [], 'sum'),
      ],
      outputs: ['y', 's'],
    })
    expect(() => convertOpset(proto, 13, [])).toThrow(
      /cannot lower:\nGelu "act": it came with opset 20\nShape "inner": its start came with opset 15\nLeave -ov away/,
    )
    expect(opsetOf(convertOpset({ ...proto, graph: { ...proto.graph, node: [] } }, 13, []))).toBe(13)
  })
})
