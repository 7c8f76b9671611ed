import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../../../src/onnx/node.js'
import { foldArithmetic } from '../../../../src/onnx/passes/folding/foldArithmetic.js'
import { foldBatchNormalization } from '../../../../src/onnx/passes/folding/foldBatchNormalization.js'
import type { Pass } from '../../../../src/onnx/passes/pass.js'
import { tensorDims } from '../../../../src/onnx/tensor.js'
import {
  type AttributeProto,
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../../src/onnx/types.js'
import { floats, largestDifference, model, node, operators, runModel } from '../../models.js'

/** Variances must be positive. */
const positive = (name: string, channels: number) =>
  floats(
    name,
    [channels],
    Array.from({ length: channels }, (_, i) => 0.3 + Math.abs(Math.sin(i))),
  )

const normalize = (from: string, to: string, attributes: AttributeProto[] = []) =>
  node('BatchNormalization', [from, 'gamma', 'beta', 'mean', 'variance'], [to], attributes)

const normalization = (channels: number) => [
  ...['gamma', 'beta', 'mean'].map((name) => floats(name, [channels])),
  positive('variance', channels),
]

interface LinearCase {
  readonly node: NodeProto
  readonly weights: readonly TensorProto[]
  readonly inputDims: readonly number[]
  readonly channels: number
}

const linears: Readonly<Record<string, LinearCase>> = {
  Conv: {
    node: node('Conv', ['x', 'w', 'b'], ['c'], [makeAttribute('pads', [1, 1, 1, 1])], 'conv'),
    weights: [floats('w', [5, 3, 3, 3]), floats('b', [5])],
    inputDims: [1, 3, 4, 4],
    channels: 5,
  },
  'grouped Conv without bias': {
    node: node('Conv', ['x', 'w'], ['c'], [makeAttribute('group', 2)]),
    weights: [floats('w', [6, 2, 1, 1])],
    inputDims: [1, 4, 4, 4],
    channels: 6,
  },
  'one-dimensional depthwise Conv': {
    node: node('Conv', ['x', 'w'], ['c'], [makeAttribute('group', 4)]),
    weights: [floats('w', [4, 1, 3])],
    inputDims: [2, 4, 8],
    channels: 4,
  },
  ConvTranspose: {
    node: node('ConvTranspose', ['x', 'w', 'b'], ['c'], [makeAttribute('strides', [2, 2])]),
    weights: [floats('w', [3, 5, 2, 2]), floats('b', [5])],
    inputDims: [1, 3, 4, 4],
    channels: 5,
  },
  'grouped ConvTranspose': {
    node: node('ConvTranspose', ['x', 'w'], ['c'], [makeAttribute('group', 2)]),
    weights: [floats('w', [4, 3, 2, 2])],
    inputDims: [1, 4, 4, 4],
    channels: 6,
  },
  Gemm: {
    node: node(
      'Gemm',
      ['x', 'w', 'b'],
      ['c'],
      [makeAttribute('alpha', { float: 0.5 }), makeAttribute('beta', { float: 3 })],
    ),
    weights: [floats('w', [6, 4]), floats('b', [4])],
    inputDims: [3, 6],
    channels: 4,
  },
  'Gemm with transB and a scalar bias': {
    node: node('Gemm', ['x', 'w', 'b'], ['c'], [makeAttribute('transB', 1)]),
    weights: [floats('w', [4, 6]), floats('b', [])],
    inputDims: [3, 6],
    channels: 4,
  },
  'Gemm without bias': {
    node: node('Gemm', ['x', 'w'], ['c'], [makeAttribute('transA', 1)]),
    weights: [floats('w', [3, 4])],
    inputDims: [3, 6],
    channels: 4,
  },
}

async function expectFolded(pass: Pass, proto: ModelProto, left: readonly string[]): Promise<ModelProto> {
  const before = structuredClone(proto)
  const result = await pass.apply(proto)
  expect(proto).toEqual(before)
  expect(operators(result.proto)).toEqual(left)
  expect(result.count).toBe(proto.graph.node.length - left.length)
  expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBeLessThan(2e-6)
  return result.proto
}

async function expectLeft(pass: Pass, proto: ModelProto): Promise<void> {
  const result = await pass.apply(proto)
  expect(result.proto).toBe(proto)
  expect(result.count).toBe(0)
}

describe('BatchNormalization', () => {
  it.each(Object.entries(linears))('folds into %s', async (_, linear) => {
    const proto = model({
      nodes: [linear.node, normalize('c', 'y', [makeAttribute('epsilon', { float: 0.01 })])],
      constants: [...linear.weights, ...normalization(linear.channels)],
      inputs: { x: linear.inputDims },
    })
    const folded = await expectFolded(foldBatchNormalization, proto, [linear.node.opType])
    expect(folded.graph.node[0]).toMatchObject({ name: linear.node.name, output: ['y'] })
  })

  it('folds into weights that another node shares, which keeps the old ones', async () => {
    const proto = model({
      nodes: [node('Conv', ['x', 'w'], ['c']), normalize('c', 'y'), node('Conv', ['x', 'w'], ['z'])],
      constants: [floats('w', [5, 3, 1, 1]), ...normalization(5)],
      outputs: ['y', 'z'],
    })
    const folded = await expectFolded(foldBatchNormalization, proto, ['Conv', 'Conv'])
    expect(folded.graph.node.map(({ input }) => input[1])).toEqual(['y_weight', 'w'])
  })

  const conv = node('Conv', ['x', 'w'], ['c'])
  const constants = [floats('w', [5, 3, 1, 1]), ...normalization(5)]

  it('stays where the tensor between is an output, or read by another node or by a subgraph', async () => {
    await expectLeft(
      foldBatchNormalization,
      model({ nodes: [conv, normalize('c', 'y')], constants, outputs: ['y', 'c'] }),
    )
    await expectLeft(
      foldBatchNormalization,
      model({ nodes: [conv, normalize('c', 'y'), node('Relu', ['c'], ['z'])], constants, outputs: ['y', 'z'] }),
    )
    const branch = makeGraph({ nodes: [node('Relu', ['c'], ['r'])], inputs: [], outputs: [makeValueInfo('r', 1)] })
    const branches = [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]
    const yes: TensorProto = { name: 'yes', dims: [], dataType: DataType.BOOL, int32Data: [1] }
    const nodes = [conv, normalize('c', 'y'), node('If', ['yes'], ['z'], branches)]
    await expectLeft(foldBatchNormalization, model({ nodes, constants: [...constants, yes], outputs: ['y', 'z'] }))
  })

  it('stays where it trains, where it is alone, and where weights or parameters are computed', async () => {
    const training = makeAttribute('training_mode', 1)
    await expectLeft(
      foldBatchNormalization,
      model({ nodes: [conv, normalize('c', 'y', [training])], constants, opset: 15 }),
    )
    await expectLeft(foldBatchNormalization, model({ nodes: [normalize('x', 'y')], constants: normalization(3) }))
    await expectLeft(
      foldBatchNormalization,
      model({ nodes: [node('Neg', ['v'], ['w']), conv, normalize('c', 'y')], constants: constants.slice(1) }),
    )
    await expectLeft(
      foldBatchNormalization,
      model({
        nodes: [node('Neg', ['v'], ['gamma']), conv, normalize('c', 'y')],
        constants: [constants[0]!, ...constants.slice(2)],
      }),
    )
  })

  it('stays where the new weights would not be finite', async () => {
    const huge = [floats('w', [1, 3, 1, 1], [1e38, 1, 1]), floats('gamma', [1], [1e30]), floats('beta', [1], [0])]
    const parameters = [...huge, floats('mean', [1], [0]), floats('variance', [1], [1])]
    await expectLeft(foldBatchNormalization, model({ nodes: [conv, normalize('c', 'y')], constants: parameters }))
  })
})

describe('arithmetic with a constant', () => {
  const forms: readonly [string, (constant: string) => readonly [string, string]][] = [
    ['Add', (k) => ['c', k]],
    ['Add', (k) => [k, 'c']],
    ['Sub', (k) => ['c', k]],
    ['Sub', (k) => [k, 'c']],
    ['Mul', (k) => ['c', k]],
    ['Mul', (k) => [k, 'c']],
    ['Div', (k) => ['c', k]],
  ]

  it.each(Object.entries(linears))('folds into %s, one value or one a channel', async (_, linear) => {
    const spatial = linear.inputDims.slice(2).map(() => 1)
    for (const dims of [[], [1], [linear.channels, ...spatial], [1, linear.channels, ...spatial]]) {
      for (const [opType, inputs] of forms) {
        const proto = model({
          nodes: [linear.node, node(opType, inputs('k'), ['y'])],
          constants: [...linear.weights, floats('k', dims)],
          inputs: { x: linear.inputDims },
        })
        await expectFolded(foldArithmetic, proto, [linear.node.opType])
      }
    }
  })

  const conv = node('Conv', ['x', 'w', 'b'], ['c'])
  const weights = [floats('w', [4, 3, 1, 1]), floats('b', [4])]

  it.each([[[4]], [[1, 1, 4, 4]], [[4, 1, 4]], [[1, 1, 1, 1, 1]], [[2, 4, 1, 1]]])(
    'stays for dims %j',
    async (dims) => {
      const proto = model({ nodes: [conv, node('Add', ['c', 'k'], ['y'])], constants: [...weights, floats('k', dims)] })
      await expectLeft(foldArithmetic, proto)
    },
  )

  it('stays where it would widen the channels', async () => {
    const one = [floats('w', [1, 3, 1, 1]), floats('b', [1]), floats('k', [4, 1, 1])]
    await expectLeft(foldArithmetic, model({ nodes: [conv, node('Mul', ['c', 'k'], ['y'])], constants: one }))
  })

  it('stays where it divides by zero, or divides the constant', async () => {
    const zero = [...weights, floats('k', [], [0])]
    await expectLeft(foldArithmetic, model({ nodes: [conv, node('Div', ['c', 'k'], ['y'])], constants: zero }))
    const two = [...weights, floats('k', [], [2])]
    await expectLeft(foldArithmetic, model({ nodes: [conv, node('Div', ['k', 'c'], ['y'])], constants: two }))
  })

  it('leaves a hard-swish written out as it is', async () => {
    const proto = model({
      nodes: [
        conv,
        node('Add', ['c', 'three'], ['a']),
        node('Clip', ['a', 'zero', 'six'], ['l']),
        node('Mul', ['c', 'l'], ['m']),
        node('Div', ['m', 'six'], ['y']),
      ],
      constants: [...weights, floats('three', [], [3]), floats('zero', [], [0]), floats('six', [], [6])],
    })
    await expectLeft(foldArithmetic, proto)
  })

  it('keeps a chain’s outputs for any constants, folding one node a round', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('Add', 'Sub', 'Mul', 'Div'), fc.double({ min: 0.25, max: 4, noNaN: true })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (steps) => {
          const names = ['c', ...steps.map((_, i) => (i === steps.length - 1 ? 'y' : `s${i}`))]
          const chain = steps.map(([opType], i) => node(opType, [names[i]!, `k${i}`], [names[i + 1]!]))
          const constants = [...weights, ...steps.map(([, value], i) => floats(`k${i}`, [1, 1, 1], [value]))]
          let proto = model({ nodes: [conv, ...chain], constants })
          const before = await runModel(proto)
          for (let i = 0; i < steps.length; i++) proto = (await foldArithmetic.apply(proto)).proto
          expect(operators(proto)).toEqual(['Conv'])
          expect(largestDifference(before, await runModel(proto))).toBeLessThan(1e-5)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('gives a Gemm a bias of one value a column', async () => {
    const linear = linears['Gemm with transB and a scalar bias']!
    const nodes = [linear.node, node('Add', ['c', 'k'], ['y'])]
    const proto = model({ nodes, constants: [...linear.weights, floats('k', [4])], inputs: { x: linear.inputDims } })
    const folded = await expectFolded(foldArithmetic, proto, ['Gemm'])
    expect(tensorDims(folded.graph.initializer.find(({ name }) => name === 'y_bias')!)).toEqual([4])
  })
})
