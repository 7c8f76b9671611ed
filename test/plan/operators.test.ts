// One rule of the plan after another, each on a tiny graph.

import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../src/onnx/node.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type NodeProto } from '../../src/onnx/types.js'
import type { PlannedAffine } from '../../src/operators/affine/plan.js'
import type { PlannedInterpolation } from '../../src/operators/interpolation/plan.js'
import { find, floats, ints, kinds, node, planOf, pointwise, reasonOf } from './fixtures.js'

const attribute = makeAttribute
const conv = pointwise('x', 'c')

describe('convolution', () => {
  it('takes weights, bias, geometry and the Relu that alone reads it', async () => {
    const attributes = [attribute('strides', [2, 1]), attribute('pads', [1, 0, 1, 0]), attribute('group', 2)]
    const plan = await planOf({
      nodes: [node('Conv', 'x w b', 'c', ...attributes), node('Relu', 'c', 'y')],
      constants: [floats('w', [6, 2, 3, 1]), floats('b', [6], [1, 2, 3, 4, 5, 6])],
    })
    expect(kinds(plan)).toEqual(['conv'])
    expect(find(plan, 'conv')).toMatchObject({
      name: 'c',
      inputs: ['x'],
      outputs: ['y'],
      weights: { dims: [6, 2, 3, 1] },
      bias: Float32Array.of(1, 2, 3, 4, 5, 6),
      group: 2,
      strides: [2, 1],
      dilations: [1, 1],
      pads: [1, 0, 1, 0],
      clamp: { low: 0, high: Number.POSITIVE_INFINITY },
    })
  })

  it('has explicit pads where the model leaves them to auto_pad', async () => {
    const constants = [floats('w', [4, 4, 4, 3])]
    const padsOf = async (mode: string) => {
      const attributes = [attribute('auto_pad', mode), attribute('strides', [1, 2])]
      return find(await planOf({ nodes: [node('Conv', 'x w', 'y', ...attributes)], constants }), 'conv').pads
    }
    expect(await padsOf('SAME_UPPER')).toEqual([1, 0, 2, 1])
    expect(await padsOf('SAME_LOWER')).toEqual([2, 1, 1, 0])
    expect(await padsOf('VALID')).toEqual([0, 0, 0, 0])
  })

  it('takes Clip, Min and Max as one clamp', async () => {
    const plan = await planOf({
      nodes: [conv.node, node('Relu', 'c', 'r'), node('Min', 'r six', 'm'), node('Clip', 'm lo hi', 'y')],
      constants: [...conv.constants, floats('six', [], [6]), floats('lo', [], [-1]), floats('hi', [], [5])],
    })
    expect(find(plan, 'conv')).toMatchObject({ outputs: ['y'], clamp: { low: 0, high: 5 } })
  })

  it('leaves a Relu alone when something else reads the convolution', async () => {
    const nodes = [conv.node, node('Relu', 'c', 'r'), node('Add', 'c r', 'y')]
    expect(kinds(await planOf({ nodes, constants: conv.constants }))).toEqual(['conv', 'lut'])
    const plan = await planOf({ nodes: nodes.slice(0, 2), constants: conv.constants, outputs: ['c', 'r'] })
    expect(kinds(plan)).toEqual(['conv', 'lut'])
  })

  it('with computed weights is software', async () => {
    const plan = await planOf({
      nodes: [node('Sigmoid', 'v', 'w'), node('Conv', 'x w', 'y')],
      inputs: { x: [1, 4, 8, 8], v: [2, 4, 1, 1] },
    })
    expect(reasonOf(plan, 'y')).toBe('its weights are computed, not constant')
  })
})

describe('constants of one value a channel', () => {
  it('become a depthwise convolution, as a chain with its clamp', async () => {
    const plan = await planOf({
      nodes: [node('Mul', 'x f', 'a'), node('Sub', 'o a', 'b'), node('Add', 'b half', 'c'), node('Relu', 'c', 'y')],
      constants: [
        floats('f', [4, 1, 1], [1, 2, 3, 4]),
        floats('o', [1, 4, 1, 1], [5, 6, 7, 8]),
        floats('half', [], [0.5]),
      ],
    })
    expect(kinds(plan)).toEqual(['conv'])
    expect(find(plan, 'conv')).toMatchObject({
      weights: { dims: [4, 1, 1, 1], data: Float32Array.of(-1, -2, -3, -4) },
      bias: Float32Array.of(5.5, 6.5, 7.5, 8.5),
      group: 4,
      clamp: { low: 0 },
    })
  })

  it('so does a BatchNormalization that follows no convolution', async () => {
    const constants = [
      floats('s', [4], [1, 2, 3, 4]),
      floats('b', [4], [1, 1, 1, 1]),
      floats('m', [4], [1, 1, 1, 1]),
      floats('v', [4], [4, 4, 4, 4]),
    ]
    const plan = await planOf({
      nodes: [node('BatchNormalization', 'x s b m v', 'y', attribute('epsilon', { float: 0 }))],
      constants,
    })
    expect(find(plan, 'conv')).toMatchObject({
      weights: { data: Float32Array.of(0.5, 1, 1.5, 2) },
      bias: Float32Array.of(0.5, 0, -0.5, -1),
    })
  })

  it('along other axes have a multiplier and an offset for each element', async () => {
    const plan = await planOf({
      nodes: [conv.node, node('Div', 'c f', 'd'), node('Sub', 'd o', 's'), node('Relu', 's', 'y')],
      constants: [...conv.constants, floats('f', [8], [1, 2, 4, 8, 1, 2, 4, 8]), floats('o', [4, 8, 8])],
    })
    expect(kinds(plan)).toEqual(['conv', 'affine'])
    const { factor, offset } = plan.operators[1] as PlannedAffine
    expect(factor).toEqual({ dims: [8], data: Float32Array.of(1, 0.5, 0.25, 0.125, 1, 0.5, 0.25, 0.125) })
    expect(offset.dims).toEqual([4, 8, 8])
  })

  it('a BatchNormalization of rows does too', async () => {
    const constants = [floats('s', [3], [1, 2, 3]), floats('b', [3], [1, 1, 1]), floats('m', [3], [1, 1, 1])]
    const plan = await planOf({
      nodes: [node('BatchNormalization', 'x s b m v', 'y', attribute('epsilon', { float: 0 }))],
      constants: [...constants, floats('v', [3], [4, 4, 4])],
      inputs: { x: [2, 3] },
    })
    expect(plan.operators[0]).toMatchObject({
      kind: 'affine',
      factor: { dims: [3], data: Float32Array.of(0.5, 1, 1.5) },
      offset: { dims: [3], data: Float32Array.of(0.5, 0, -0.5) },
    })
  })
})

describe('products', () => {
  it('Gemm has alpha and beta applied, and its weights as they lie', async () => {
    const attributes = [attribute('alpha', { float: 2 }), attribute('beta', { float: 3 }), attribute('transB', 1)]
    const plan = await planOf({
      nodes: [node('Gemm', 'x w b', 'g', ...attributes), node('Relu', 'g', 'y')],
      constants: [floats('w', [2, 3], [1, 2, 3, 4, 5, 6]), floats('b', [1, 2], [1, -1])],
      inputs: { x: [5, 3] },
    })
    expect(find(plan, 'matmul')).toMatchObject({
      outputs: ['y'],
      weights: { dims: [3, 2], data: Float32Array.of(2, 4, 6, 8, 10, 12), transposed: true },
      bias: Float32Array.of(3, -3),
      clamp: { low: 0 },
    })
  })

  it('MatMul takes the constant row added to it', async () => {
    const constants = [floats('w', [3, 2]), floats('b', [2], [1, 2])]
    const nodes = [node('MatMul', 'x w', 'm'), node('Add', 'b m', 'y')]
    const plan = await planOf({ nodes, constants, inputs: { x: [2, 5, 3] } })
    expect(kinds(plan)).toEqual(['matmul'])
    expect(find(plan, 'matmul')).toMatchObject({ outputs: ['y'], bias: Float32Array.of(1, 2) })
  })

  it('of two activations take up a scalar; with a transposed left side they are software', async () => {
    const constants = [floats('w', [3, 3]), floats('v', [3, 2])]
    const nodes = [
      node('MatMul', 'x w', 'a'),
      node('MatMul', 'a x', 'b'),
      node('Div', 'b eight', 'd'),
      node('Gemm', 'd v', 'y', attribute('transA', 1)),
    ]
    const eight = floats('eight', [], [8])
    const plan = await planOf({ nodes, constants: [...constants, eight], inputs: { x: [3, 3] } })
    expect(plan.operators[1]).toMatchObject({
      kind: 'product',
      inputs: ['a', 'x'],
      outputs: ['d'],
      factor: 1 / 8,
      depth: 3,
    })
    expect(reasonOf(plan, 'y')).toBe('it transposes its left side')
  })
})

describe('functions of one tensor', () => {
  const evaluateOf = async (
    nodes: Parameters<typeof planOf>[0]['nodes'],
    constants: Parameters<typeof planOf>[0]['constants'] = [],
  ) => {
    const plan = await planOf({ nodes: [conv.node, ...nodes], constants: [...conv.constants, ...constants] })
    expect(kinds(plan)).toEqual(['conv', 'lut'])
    return find(plan, 'lut')
  }

  it('a hard swish written out is one table', async () => {
    const nodes = [
      node('Add', 'c three', 'a'),
      node('Clip', 'a zero six', 'b'),
      node('Mul', 'c b', 'm'),
      node('Div', 'm six', 'y'),
    ]
    const constants = [floats('three', [1], [3]), floats('zero', [], [0]), floats('six', [], [6])]
    const lut = await evaluateOf(nodes, constants)
    expect(lut.label).toBe('Add>Clip>Mul>Div')
    expect([-4, -1, 0, 2, 5].map(lut.evaluate)).toEqual([-0, -1 / 3, 0, 10 / 6, 5])
  })

  it('so is one of a hard sigmoid', async () => {
    const nodes = [node('HardSigmoid', 'c', 's', attribute('alpha', { float: 0.25 })), node('Mul', 'c s', 'y')]
    const lut = await evaluateOf(nodes)
    expect(lut.label).toBe('HardSigmoid>Mul')
    expect([-4, -1, 0, 1, 5].map(lut.evaluate)).toEqual([-0, -0.25, 0, 0.75, 5])
  })

  it('so is x * sigmoid(x), and its square', async () => {
    const lut = await evaluateOf([node('Sigmoid', 'c', 's'), node('Mul', 's c', 'm'), node('Mul', 'm m', 'y')])
    expect(lut.label).toBe('Sigmoid>Mul>Mul')
    expect(lut.evaluate(2)).toBeCloseTo((2 / (1 + Math.exp(-2))) ** 2, 12)
  })

  it('constants may stand on either side', async () => {
    const constants = [floats('one', [], [1]), floats('two', [], [2])]
    const lut = await evaluateOf(
      [node('Sub', 'one c', 'a'), node('Pow', 'two a', 'b'), node('Div', 'one b', 'y')],
      constants,
    )
    expect(lut.evaluate(4)).toBe(8)
  })

  it('ends where a second operator reads it', async () => {
    const nodes = [
      conv.node,
      node('Exp', 'c', 'e'),
      node('Neg', 'e', 'n'),
      node('MaxPool', 'e', 'p', attribute('kernel_shape', [1, 1])),
    ]
    const plan = await planOf({ nodes, constants: conv.constants, outputs: ['n', 'p'] })
    expect(plan.operators.map((operator) => ('label' in operator ? operator.label : operator.kind))).toEqual([
      'conv',
      'Exp',
      'Neg',
      'maxpool',
    ])
  })

  it('a constant that changes the shape is no function of one tensor, but scales it', async () => {
    const constants = [...conv.constants, floats('f', [1, 1, 1, 1, 1])]
    const plan = await planOf({ nodes: [conv.node, node('Mul', 'c f', 'y')], constants })
    expect(kinds(plan)).toEqual(['conv', 'affine'])
  })
})

describe('sums, products and concatenations of activations', () => {
  const inputs = { x: [1, 4, 8, 8], z: [1, 4, 1, 1] }

  it('Add, Sub and Mul broadcast, and take a Relu', async () => {
    const nodes = [node('Sub', 'x z', 's'), node('Relu', 's', 'r'), node('Mul', 'r z', 'm'), node('Sum', 'm z', 'y')]
    const plan = await planOf({ nodes, inputs })
    expect(kinds(plan)).toEqual(['add', 'mul', 'add'])
    expect(find(plan, 'add')).toMatchObject({ inputs: ['x', 'z'], negate: true, outputs: ['r'], clamp: { low: 0 } })
    expect(find(plan, 'mul')).toMatchObject({ inputs: ['r', 'z'], negate: false, clamp: undefined })
  })

  it('quotients, sums and means of several are on the chip', async () => {
    const nodes = [
      node('Add', 'x z', 'a'),
      node('Div', 'a z', 'd'),
      node('Sum', 'd x z', 's'),
      node('Mean', 's x', 'y'),
    ]
    const plan = await planOf({ nodes, inputs })
    expect(kinds(plan)).toEqual(['add', 'quotient', 'add', 'add'])
    expect(plan.operators.slice(2)).toMatchObject([
      { inputs: ['d', 'x', 'z'], divisor: 1 },
      { inputs: ['s', 'x'], divisor: 2 },
    ])
  })

  it('a PRelu with a slope a channel is an operator, with one slope a table', async () => {
    const constants = [floats('many', [4, 1, 1], [1, 2, 3, 4]), floats('one', [1])]
    const nodes = [node('PRelu', 'x many', 'p'), node('PRelu', 'p one', 'y')]
    expect(kinds(await planOf({ nodes, constants }))).toEqual(['prelu', 'lut'])
  })

  it('constants may be joined, and chosen from', async () => {
    const constants = [
      floats('k', [1, 2, 8, 8]),
      floats('m', [4, 1, 1]),
      floats('far', [], [-1e9]),
      floats('half', [8]),
    ]
    const bools = makeTensor('which', DataType.BOOL, [8], Uint8Array.of(1, 0, 1, 0, 1, 0, 1, 0))
    const nodes = [
      node('Max', 'x m', 'a'),
      node('Concat', 'a k', 'j', attribute('axis', 1)),
      node('Min', 'a z', 'b'),
      node('Where', 'which b far', 'w'),
      node('Where', 'which w half', 'v'),
    ]
    const plan = await planOf({ nodes, constants: [...constants, bools], inputs, outputs: ['j', 'v'] })
    expect(kinds(plan)).toEqual(['selectconstant', 'concatconstant', 'select', 'select', 'selectconstant'])
    expect(plan.groupOf.get('b')).toBe(plan.groupOf.get('w'))
    expect(plan.groupOf.get('v')!.sources).toEqual(['v'])
    expect(plan.operators[3]).toMatchObject({ inputs: ['b'], choice: { condition: { dims: [8] } } })
  })

  it('a concat of one tensor only moves it', async () => {
    const plan = await planOf({
      nodes: [conv.node, node('Concat', 'c', 'y', attribute('axis', 1))],
      constants: conv.constants,
    })
    expect(kinds(plan)).toEqual(['conv', 'movement'])
  })
})

describe('pooling', () => {
  const pool = (...attributes: Parameters<typeof makeAttribute>[]) =>
    planOf({ nodes: [node('AveragePool', 'x', 'y', ...attributes.map((pair) => attribute(...pair)))] })

  it('an average divides by the same number everywhere', async () => {
    const plan = await pool(
      ['kernel_shape', [2, 4]],
      ['strides', [2, 2]],
      ['pads', [1, 0, 1, 0]],
      ['count_include_pad', 1],
    )
    const expected = {
      kernelShape: [2, 4],
      strides: [2, 2],
      pads: [1, 0, 1, 0],
      divisor: { dims: [], data: Float32Array.of(8) },
      channels: 4,
    }
    expect(find(plan, 'averagepool')).toMatchObject(expected)
  })

  it('an average that divides by fewer elements at its border has a divisor for each position', async () => {
    const divisors = async (...attributes: Parameters<typeof pool>) =>
      find(await pool(...attributes), 'averagepool').divisor
    const padded = await divisors(['kernel_shape', [3, 3]], ['pads', [1, 1, 1, 1]])
    expect([padded.dims, [...padded.data.subarray(0, 3)], padded.data[9]]).toEqual([[8, 8], [4, 6, 6], 9])
    const beyond = await divisors(['kernel_shape', [3, 3]], ['strides', [2, 2]], ['ceil_mode', 1])
    expect([beyond.dims, [...beyond.data.subarray(12)]]).toEqual([
      [4, 4],
      [6, 6, 6, 4],
    ])
  })

  it('where padding counts, windows that reach beyond it are software', async () => {
    const attributes = [
      attribute('kernel_shape', [3, 3]),
      attribute('strides', [2, 2]),
      attribute('ceil_mode', 1),
      attribute('count_include_pad', 1),
    ]
    const plan = await planOf({ nodes: [conv.node, node('AveragePool', 'c', 'y', ...attributes)], ...conv })
    expect(reasonOf(plan, 'y')).toBe('its last windows reach beyond the padded input (ceil_mode)')
  })

  it('means, sums, norms and extremes run over any axes', async () => {
    const nodes = [
      node('ReduceMean', 'x', 'm', attribute('axes', [-1, 2])),
      node('GlobalAveragePool', 'x', 'g'),
      node('ReduceL2', 'x', 'l', attribute('axes', [1]), attribute('keepdims', 0)),
      node('ReduceSum', 'x', 's'),
      node('ReduceMin', 'x', 'e', attribute('axes', [-3])),
    ]
    const plan = await planOf({ nodes, outputs: ['m', 'g', 'l', 's', 'e'] })
    expect(kinds(plan)).toEqual(['sum', 'sum', 'norm', 'sum', 'extreme'])
    const plane = { axes: [2, 3], keepDims: true, addend: 'element', factor: 1 / 64 }
    expect(plan.operators).toMatchObject([
      plane,
      plane,
      { axes: [1], keepDims: false, addend: 'norm', factor: 1 },
      { axes: [0, 1, 2, 3], keepDims: true, addend: 'element', factor: 1, length: 256 },
      { axes: [1], extreme: 'min' },
    ])
  })

  it('the places of the maxima of a max pool are integers of the model, and no tensor of the chip', async () => {
    const nodes = [conv.node, node('MaxPool', 'c', 'y i', attribute('kernel_shape', [2, 2]))]
    const plan = await planOf({ nodes, constants: conv.constants, outputs: ['y', 'i'] })
    expect(kinds(plan)).toEqual(['conv', 'maxpool'])
    expect(plan.operators[1]).toMatchObject({ inputs: ['c'], outputs: ['y'] })
  })
})

describe('moves', () => {
  it('reshapes, transposes, slices, splits, gathers and zero padding keep the scale', async () => {
    const nodes = [
      conv.node,
      node('Transpose', 'c', 't', attribute('perm', [0, 2, 3, 1])),
      node('Reshape', 't shape', 'r'),
      node('Slice', 'r from to', 's'),
      node('Gather', 's index', 'g', attribute('axis', 1)),
      node('Split', 'g', 'p q', attribute('axis', 1)),
      node('Concat', 'p q', 'j', attribute('axis', 1)),
      node('Pad', 'j pads', 'y'),
    ]
    const constants = [
      ...conv.constants,
      ints('shape', [1, -1]),
      ints('from', [0, 0]),
      ints('to', [1, 100]),
      ints('index', [1, 2, 3, 4]),
      ints('pads', [0, 1, 0, 0]),
    ]
    const plan = await planOf({ nodes, constants })
    expect(kinds(plan)).toEqual([
      'conv',
      'movement',
      'movement',
      'movement',
      'movement',
      'movement',
      'concat',
      'movement',
    ])
    expect(plan.groups.map(({ name }) => name)).toEqual(['x', 'c'])
    expect(plan.observed).toEqual(['x', 'c'])
  })

  it('the shape of a reshape may be computed: what reads dims is software without a reason', async () => {
    const nodes = [conv.node, node('Shape', 'x', 's'), node('Reshape', 'c s', 'y')]
    const plan = await planOf({ nodes, constants: conv.constants })
    expect(kinds(plan)).toEqual(['conv', 'fallback', 'movement'])
    expect(reasonOf(plan, 's')).toBeUndefined()
  })

  it('float arithmetic on dims is not quantized', async () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Cast', 's', 'f', attribute('to', 1)),
      node('Mul', 'f two', 'd'),
      node('Cast', 'd', 'n', attribute('to', 7)),
      node('Expand', 'c n', 'y'),
    ]
    const plan = await planOf({
      nodes: [conv.node, ...nodes.slice(0, 3), nodes[3]!],
      constants: [...conv.constants, floats('two', [], [2])],
      outputs: ['c', 'n'],
    })
    expect(kinds(plan)).toEqual(['conv', 'fallback', 'fallback', 'fallback', 'fallback'])
    expect(reasonOf(plan, 'd')).toBeUndefined()
  })

  it('a nearest resize copies, another interpolates', async () => {
    const resize = (scales: readonly number[], mode: string) => ({
      nodes: [
        conv.node,
        node(
          'Resize',
          'c  scales',
          'y',
          attribute('mode', mode),
          attribute('coordinate_transformation_mode', 'asymmetric'),
        ),
      ],
      constants: [...conv.constants, floats('scales', [4], scales)],
    })
    expect(kinds(await planOf(resize([1, 1, 1.5, 2], 'nearest')))).toEqual(['conv', 'movement'])
    const plan = await planOf(resize([1, 1, 2, 2], 'linear'))
    const both = { rank: 4, resamplings: [{ axis: -1, from: 8, to: 16 }, { axis: -2 }] }
    expect(plan.operators[1]).toMatchObject({ kind: 'interpolation', ...both })
    // From 0, 0.5, 1... on.
    const { resamplings } = plan.operators[1] as PlannedInterpolation
    expect([...resamplings[0]!.matrix.subarray(8, 11)]).toEqual([0.5, 0.5, 0])
  })

  it('padding with a constant moves values; with minus infinity only where maxima alone read it', async () => {
    const padWith = (value: number, ...readers: NodeProto[]) => {
      const constants = [...conv.constants, ints('pads', [0, 0, 1, 1, 0, 0, 1, 1]), floats('value', [], [value])]
      const padded = readers.length === 0 ? 'y' : 'p'
      return planOf({ nodes: [conv.node, node('Pad', 'c pads value', padded), ...readers], constants })
    }
    expect(kinds(await padWith(-1))).toEqual(['conv', 'movement'])
    const pool = node('MaxPool', 'p', 'y', attribute('kernel_shape', [2, 2]))
    expect(kinds(await padWith(Number.NEGATIVE_INFINITY, pool))).toEqual(['conv', 'movement', 'maxpool'])
    expect(reasonOf(await padWith(Number.NEGATIVE_INFINITY), 'y')).toBe(
      'it pads with -Infinity, and not only maxima or a Softmax read that',
    )
  })
})

it('what only asks where the largest value is reads integers of 16 bits, where they are written so', async () => {
  const nodes = [conv.node, node('ArgMax', 'c', 'y', attribute('axis', 1))]
  const plan = await planOf({ nodes, constants: conv.constants })
  expect(kinds(plan)).toEqual(['conv', 'ranking'])
  expect(plan.operators[1]).toMatchObject({ inputs: ['c'], outputs: [] })
  expect(plan.groupOf.get('c')).toMatchObject({ bits: 16 })
})

describe('transformers', () => {
  it('a softmax runs along any axis, before opset 13 along all from it on', async () => {
    const axesOf = async (opset: number) => {
      const nodes = [conv.node, node('Softmax', 'c', 's', attribute('axis', 2)), node('Relu', 's', 'y')]
      const { operators } = await planOf({ nodes, constants: conv.constants, opset })
      return operators[1]
    }
    expect(await axesOf(13)).toMatchObject({ kind: 'softmax', axes: [-2], length: 8 })
    expect(await axesOf(11)).toMatchObject({ kind: 'softmax', axes: [-2, -1], length: 64 })
  })

  it('inside a model are on the chip and read 16 bits, as do the sums between them', async () => {
    const constants = [floats('w', [8, 8]), floats('g', [8]), floats('b', [8])]
    const nodes = [
      node('MatMul', 'x w', 'm'),
      node('Add', 'm x', 'r'),
      node('LayerNormalization', 'r g b', 'n'),
      node('MatMul', 'n w', 'h'),
      node('Add', 'r h', 's'),
      node('LayerNormalization', 's g b', 'p'),
      node('MatMul', 'p w', 'q'),
      node('Softmax', 'q', 't', attribute('axis', -1)),
      node('MatMul', 't w', 'y'),
    ]
    const plan = await planOf({ nodes, constants, inputs: { x: [1, 5, 8] }, opset: 17 })
    expect(kinds(plan)).toEqual('matmul add normalization matmul add normalization matmul softmax matmul'.split(' '))
    const wide = plan.groups.filter(({ bits }) => bits === 16).map(({ name }) => name)
    expect(wide).toEqual(['r', 's', 'q', 'y'])
  })
})

describe('fallback', () => {
  const between = 'it lies between software operators, model inputs or outputs'

  it('what lies between software operators stays in float with them', async () => {
    const nodes = [
      conv.node,
      node('Hardmax', 'c', 's'),
      node('Reshape', 's shape', 'r'),
      node('Sigmoid', 'r', 'g'),
      node('Hardmax', 'g', 'y'),
    ]
    const plan = await planOf({ nodes, constants: [...conv.constants, ints('shape', [1, -1])] })
    expect(kinds(plan)).toEqual(['conv', 'fallback', 'fallback', 'fallback', 'fallback'])
    expect(reasonOf(plan, 'g')).toBe(between)
    expect([...plan.groupOf.keys()]).toEqual(['x', 'c'])
  })

  it('so does a move between an input and a software operator, and a function between one and an output', async () => {
    const nodes = [conv.node, node('Reshape', 'x shape', 'r'), node('Hardmax', 'r', 's'), node('Sigmoid', 's', 'y')]
    const plan = await planOf({ nodes, constants: [...conv.constants, ints('shape', [1, -1])], outputs: ['c', 'y'] })
    expect(kinds(plan)).toEqual(['conv', 'fallback', 'fallback', 'fallback'])
    expect(['r', 'y'].map((name) => reasonOf(plan, name))).toEqual([between, between])
  })

  it('a function before or after one software operator stays on the chip', async () => {
    const other = pointwise('g', 'y')
    const nodes = [conv.node, node('Sigmoid', 'c', 'h'), node('Hardmax', 'h', 's'), node('Tanh', 's', 'g'), other.node]
    const plan = await planOf({ nodes, constants: [...conv.constants, ...other.constants] })
    expect(kinds(plan)).toEqual(['conv', 'lut', 'fallback', 'lut', 'conv'])
  })

  it('what computes how large an output is runs in float: rounded to 8 bits, a factor of 2 is another', async () => {
    const nodes = [conv.node, node('Add', 'f six', 's'), node('OneHot', 'places s values', 'y')]
    const constants = [
      ...conv.constants,
      floats('six', [1], [6]),
      ints('places', [1, 5]),
      floats('values', [2], [0, 1]),
    ]
    const plan = await planOf({ nodes, constants, inputs: { x: [1, 4, 8, 8], f: [1] }, outputs: ['c', 'y'] })
    expect(kinds(plan)).toEqual(['conv', 'fallback', 'fallback'])
    expect(reasonOf(plan, 's')).toBe('it computes how large an output is')
  })

  it('what a Loop leaves of a state has fixed dims where its steps declare them', async () => {
    const dims = (name: string, declared: readonly number[] | undefined) =>
      declared ? makeValueInfo(name, DataType.FLOAT, declared) : makeValueInfo(name, DataType.FLOAT)
    const looped = (declared: readonly number[] | undefined) => {
      const body = makeGraph({
        nodes: [
          node('Tanh', 'before', 'after'),
          node('ReduceMax', 'after', 'most', makeAttribute('keepdims', 0)),
          node('Greater', 'most least', 'on'),
        ],
        inputs: [
          makeValueInfo('i', DataType.INT64, []),
          makeValueInfo('was', DataType.BOOL, []),
          dims('before', declared),
        ],
        outputs: [makeValueInfo('on', DataType.BOOL, []), dims('after', declared)],
      })
      return planOf({
        nodes: [
          node('Loop', 'times yes x', 'last', makeAttribute('body', body)),
          node('MatMul', 'last w', 'y'),
          node('Relu', 'x', 'other'),
        ],
        inputs: { x: [1, 4] },
        outputs: ['y', 'other'],
        constants: [
          floats('w', [4, 4]),
          floats('least', [], [0.5]),
          makeTensor('times', DataType.INT64, [], BigInt64Array.of(3n)),
          makeTensor('yes', DataType.BOOL, [], Uint8Array.of(1)),
        ],
      })
    }
    expect(kinds(await looped([1, 4]))).toContain('matmul')
    const open = await looped(undefined)
    expect(kinds(open)).not.toContain('matmul')
    expect(reasonOf(open, 'y')).toBe('how many values it gets depends on the data')
  })

  it('a model without anything for the chip is an error with the reasons', async () => {
    const message =
      'There is nothing to quantize, the chip can run no operator of this model:\n' +
      '  Softmax "y": it ends the model, and runs in float on 16-bit scores\n' +
      'Give a float32 model with convolutions or products whose weights are constant.'
    await expect(planOf({ nodes: [node('Softmax', 'x', 'y')] })).rejects.toThrow(message)
  })

  it('names are unique and never empty', async () => {
    const again = pointwise('c', 'y')
    const nodes = [
      { ...conv.node, name: '' },
      { ...again.node, name: 'Conv_c' },
    ]
    const plan = await planOf({ nodes, constants: [...conv.constants, ...again.constants] })
    expect(plan.operators.map(({ name }) => name)).toEqual(['Conv_c', 'Conv_c_2'])
  })
})
