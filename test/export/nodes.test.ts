// Nodes of many kinds between two functions: on the chip, and near to what the float model computes. That the integers are those of the oracle, the
// conformance suite shows; here the plan, the scales and the definition meet what ONNX says of the node.

import { expect, test } from 'vitest'
import { integerModel } from '../../src/export/integerModel.js'
import { qdqModel } from '../../src/export/qdqModel.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel } from '../../src/onnx/model.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type NodeProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import { floats, ints, modelOf, node } from '../plan/fixtures.js'
import { type Feeds, quantizeByExtremes } from './quantized.js'

const a = makeAttribute
const dims = [1, 4, 8, 8]

const values = (count: number, from: number, to: number) =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * ((i * 7919) % 101)) / 100)

const constants: readonly TensorProto[] = [
  floats('slope', [4, 1, 1], [0.1, -0.3, 0.5, 1.5]),
  floats('token', [1, 1, 8, 8], values(64, -3, 3)),
  floats('far', [], [-1e9]),
  floats('e', [], [1e-5]),
  floats('two', [], [2]),
  floats('g', [8], values(8, 0.5, 2)),
  floats('b', [8], values(8, -1, 1)),
  floats('gc', [4], [0.5, 1, 1.5, 2]),
  floats('bc', [4], [-1, 0, 1, 0.5]),
  floats('gg', [2], [0.5, 2]),
  floats('bg', [2], [-1, 1]),
  floats('tiny', [], [1e-12]),
  floats('table', [10, 8], values(80, -2, 2)),
  floats('most', [4, 1, 1], [0.1, 0.2, 0.3, 0.4]),
  floats('scales', [4], [1, 1, 1.5, 0.75]),
  floats('double', [4], [1, 1, 2, 2]),
  ints('sizes', [1, 4, 11, 19]),
  ints('three', [3]),
  ints('pads', [0, 0, 1, 2, 0, 0, 0, 1]),
  ints('repeats', [1, 2, 1, 3]),
  makeTensor(
    'places',
    DataType.INT64,
    dims,
    BigInt64Array.from(values(256, 0, 7.9).map((at) => BigInt(Math.floor(at)))),
  ),
  ints('last', [-1]),
  ints('channels', [1]),
  makeTensor('which', DataType.BOOL, [8], Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0)),
]

/** From h, a function of x, and p, a positive one, to y; and the least SQNR in dB. */
const cases: Readonly<Record<string, readonly [nodes: readonly NodeProto[], least: number, opset?: number]>> = {
  'a quotient': [[node('Div', 'h p', 'y')], 30],
  'a quotient by a mean': [[node('ReduceMean', 'p', 'm', a('axes', [1])), node('Div', 'h m', 'y')], 30],
  'PRelu a channel': [[node('PRelu', 'h slope', 'y')], 30],
  'ReduceMean over channels': [[node('ReduceMean', 'h', 'y', a('axes', [1]), a('keepdims', 0))], 30],
  'ReduceSum over all': [[node('ReduceSum', 'p', 'y')], 30],
  ReduceL1: [[node('ReduceL1', 'h', 'y', a('axes', [-1]))], 30],
  ReduceL2: [[node('ReduceL2', 'h', 'y', a('axes', [2, 3]))], 30],
  ReduceSumSquare: [[node('ReduceSumSquare', 'h', 'y', a('axes', [1]))], 30],
  ReduceMax: [[node('ReduceMax', 'h', 'y', a('axes', [3]))], 30],
  ReduceMin: [[node('ReduceMin', 'h', 'y', a('axes', [1, 3]), a('keepdims', 0))], 30],
  'an average without its padding': [
    [node('AveragePool', 'h', 'y', a('kernel_shape', [3, 3]), a('pads', [1, 1, 1, 1]))],
    30,
  ],
  'an average whose last windows reach beyond the input': [
    [node('AveragePool', 'h', 'y', a('kernel_shape', [3, 3]), a('strides', [2, 2]), a('ceil_mode', 1))],
    30,
  ],
  'a softmax over channels': [[node('Softmax', 'h', 's', a('axis', 1)), node('Relu', 's', 'y')], 30],
  'a sum of three': [[node('Sum', 'h p x', 'y')], 30],
  'a mean of three': [[node('Mean', 'h p h', 'y')], 30],
  'the larger of two': [[node('Max', 'h x p', 'y')], 30],
  'the less of an activation and a constant': [[node('Min', 'h most', 'y')], 30],
  'a choice by a constant': [[node('Where', 'which h p', 'y')], 30],
  'a choice by a comparison': [[node('Greater', 'x h', 'c'), node('Where', 'c h p', 'y')], 30],
  'a mask before a softmax': [
    [node('Where', 'which h far', 'm'), node('Softmax', 'm', 's', a('axis', -1)), node('Relu', 's', 'y')],
    25,
  ],
  'a constant joined': [[node('Concat', 'token h', 'y', a('axis', 1))], 30],
  'a layer normalization written out': [
    [
      node('ReduceMean', 'h', 'm', a('axes', [-1])),
      node('Sub', 'h m', 'd'),
      node('Pow', 'd two', 's'),
      node('ReduceMean', 's', 'v', a('axes', [-1])),
      node('Add', 'v e', 'w'),
      node('Sqrt', 'w', 'r'),
      node('Div', 'd r', 'n'),
      node('Mul', 'n g', 'f'),
      node('Add', 'f b', 'y'),
    ],
    30,
  ],
  'division by a norm over channels': [
    [node('ReduceL2', 'h', 'l', a('axes', [1])), node('Clip', 'l tiny', 'c'), node('Div', 'h c', 'y')],
    30,
  ],
  'a normalization of the batch': [[node('MeanVarianceNormalization', 'h', 'y')], 30],
  'a group normalization': [[node('GroupNormalization', 'h gc bc', 'y', a('num_groups', 2))], 30, 21],
  'a group normalization with a factor a group': [
    [node('GroupNormalization', 'h gg bg', 'y', a('num_groups', 2))],
    30,
    18,
  ],
  'a local response normalization': [
    [node('LRN', 'h', 'y', a('size', 3), a('alpha', { float: 0.9 }), a('beta', { float: 0.75 }))],
    30,
  ],
  LpNormalization: [[node('LpNormalization', 'h', 'y', a('axis', 2))], 30],
  'the largest three': [[node('TopK', 'h three', 'y i', a('axis', 1))], 30],
  'gathers, triangles and reversals': [
    [
      node('GatherElements', 'h places', 'n', a('axis', 3)),
      node('Trilu', 'n', 't'),
      node('Pad', 't pads', 'd', a('mode', 'reflect')),
      node('DepthToSpace', 'd', 's', a('blocksize', 2)),
      node('Tile', 's repeats', 'y'),
    ],
    30,
  ],
  'rows of a table': [[node('ArgMax', 'h', 'i', a('axis', 3), a('keepdims', 0)), node('Gather', 'table i', 'y')], 30],
}

const resized = (mode: string, coordinates: string, ...more: Parameters<typeof a>[]) =>
  node(
    'Resize',
    mode === 'sizes' ? 'h   sizes' : 'h  scales',
    'y',
    ...[['mode', mode === 'sizes' ? 'linear' : mode], ['coordinate_transformation_mode', coordinates], ...more].map(
      (pair) => a(...(pair as Parameters<typeof a>)),
    ),
  )

const resizes: typeof cases = Object.fromEntries(
  ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].flatMap((coordinates) =>
    ['linear', 'cubic', 'sizes', 'nearest'].map((mode) => [
      `a resize, ${mode}, ${coordinates}`,
      [[resized(mode, coordinates)], 30] as const,
    ]),
  ),
)

const special: typeof cases = {
  'a cubic resize that excludes what is outside': [
    [resized('cubic', 'half_pixel', ['exclude_outside', 1], ['cubic_coeff_a', { float: -0.5 }])],
    30,
  ],
  'a linear resize of both sides by a power of two': [
    [node('Resize', 'h  double', 'y', a('mode', 'linear'), a('coordinate_transformation_mode', 'half_pixel'))],
    35,
  ],
}

function sqnr(float: TensorValue, fixed: TensorValue): number {
  const [want, got] = [float.data as Float32Array, fixed.data as Float32Array]
  const power = want.reduce((sum, value) => sum + value ** 2, 0)
  return 10 * Math.log10(power / want.reduce((sum, value, i) => sum + (value - got[i]!) ** 2, 1e-30))
}

async function run(bytes: Uint8Array, feeds: Feeds): Promise<TensorValue> {
  const session = await createSession(bytes)
  const { y } = await session.run(feeds)
  await session.release()
  return y!
}

test.each(Object.entries({ ...cases, ...resizes, ...special }))('%s', async (_, [nodes, least, opset = 17]) => {
  const model = modelOf({
    nodes: [node('Tanh', 'x', 'h'), node('Softplus', 'x', 'p'), ...nodes],
    constants,
    inputs: { x: dims },
    opset,
  })
  const sample: Feeds = { x: { type: 'float32', dims, data: Float32Array.from(values(256, -2.5, 2.5)) } }
  const { source, fixed } = await quantizeByExtremes(model, [sample])
  const inFloat = fixed.operators.filter(isFallback).flatMap(({ nodes }) => nodes.map(({ opType }) => opType))
  expect(inFloat.filter((type) => type !== 'Greater')).toEqual([])
  const float = await run(encodeModel(model.proto), sample)
  const integer = integerModel(fixed, source, { outputDequant: true, allLayers: false })
  for (const proto of [integer, qdqModel(fixed, source)]) {
    const made = await run(encodeModel(proto), sample)
    expect(made.dims).toEqual(float.dims)
    expect(sqnr(float, made)).toBeGreaterThan(least)
  }
})
