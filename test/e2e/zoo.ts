// Small models of many kinds, as data: what exporters write, and what nobody expects.

import { makeAttribute } from '../../src/onnx/attribute.js'
import { toFloat16 } from '../../src/onnx/elements/float16.js'
import { makeGraph, makeValueInfo } from '../../src/onnx/node.js'
import { floatValues, makeTensor } from '../../src/onnx/tensor.js'
import {
  type AttributeProto,
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../src/onnx/types.js'
import { floats, longs, model, node, type Parts } from '../onnx/models.js'

type Attributes = Readonly<Record<string, Parameters<typeof makeAttribute>[1]>>

/** `Conv: x w -> c`: inputs and outputs in one line; `_` is an omitted input. */
export function op(line: string, attributes: Attributes = {}, name = ''): NodeProto {
  const [, type, inputs, outputs] = /^(\w+): (.*) -> (.*)$/.exec(line)!
  const made: AttributeProto[] = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value))
  const read = inputs!.split(' ').map((input) => (input === '_' ? '' : input))
  return node(type!, read, outputs!.split(' '), made, name)
}

/** Weights as after training: zero mean, and outputs about as large as inputs. */
export function weights(name: string, ...dims: number[]): TensorProto {
  const fanIn = dims.length === 2 ? dims[0]! : dims.slice(1).reduce((product, dim) => product * dim, 1)
  const size = dims.reduce((product, dim) => product * dim, 1)
  let state = size * 31 + name.length
  const values = Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return ((state / 2 ** 32 - 0.5) * 3.4) / Math.sqrt(fanIn)
  })
  return floats(name, dims, values)
}

const scalar = (name: string, value: number) => floats(name, [], [value])
const image = { x: [1, 3, 16, 16] }
const same = { pads: [1, 1, 1, 1] }
const w = weights('w', 4, 3, 3, 3)
const v = weights('v', 4, 4, 3, 3)
const conv = op('Conv: x w -> c', same)
const last = op('Conv: d v -> y', same)

/** conv, something, conv. */
const between = (nodes: readonly NodeProto[], constants: readonly TensorProto[] = [], parts: Partial<Parts> = {}) =>
  model({ inputs: image, nodes: [conv, ...nodes, last], constants: [w, v, ...constants], ...parts })

function classifier(opset: number): ModelProto {
  const bounds = opset < 11 ? [] : [scalar('low', 0), scalar('high', 6)]
  const clip = opset < 11 ? op('Clip: c -> r', { min: { float: 0 }, max: { float: 6 } }) : op('Clip: c low high -> r')
  const nodes = [
    op('Conv: x w b -> c', { ...same, kernel_shape: [3, 3] }),
    clip,
    op('MaxPool: r -> p', { kernel_shape: [2, 2], strides: [2, 2] }),
    op('GlobalAveragePool: p -> a'),
    op('Flatten: a -> f'),
    op('Gemm: f g gb -> s', { alpha: { float: 0.5 } }),
    op('Softmax: s -> y', { axis: 1 }),
  ]
  const constants = [w, weights('b', 4), weights('g', 4, 10), weights('gb', 10), ...bounds]
  return model({ inputs: image, nodes, constants, opset })
}

/** With the element types of some inputs and outputs replaced. */
function typed(proto: ModelProto, types: Readonly<Record<string, number>>): ModelProto {
  const change = (info: ModelProto['graph']['input'][number]) => {
    const elemType = types[info.name]
    return elemType === undefined ? info : { ...info, type: { tensorType: { ...info.type!.tensorType!, elemType } } }
  }
  const { graph } = proto
  return { ...proto, graph: { ...graph, input: graph.input.map(change), output: graph.output.map(change) } }
}

const long = 'long'.repeat(80)

/** v / 2 + c, the sum of an inner and an outer tensor. */
const loopBody = makeGraph({
  nodes: [op('Identity: more -> go'), op('Mul: v half -> vh'), op('Add: vh c -> vn')],
  initializers: [scalar('half', 0.5)],
  inputs: [
    makeValueInfo('step', DataType.INT64, []),
    makeValueInfo('more', DataType.BOOL, []),
    makeValueInfo('v', DataType.FLOAT, [1, 4, 16, 16]),
  ],
  outputs: [makeValueInfo('go', DataType.BOOL, []), makeValueInfo('vn', DataType.FLOAT, [1, 4, 16, 16])],
})
const scanBody = makeGraph({
  nodes: [op('Sigmoid: row -> out')],
  inputs: [makeValueInfo('row', DataType.FLOAT, [4, 16, 16])],
  outputs: [makeValueInfo('out', DataType.FLOAT, [4, 16, 16])],
})

/** Name -> model, float outputs of which its quantized forms must resemble. */
export const zoo: Readonly<Record<string, ModelProto>> = {
  ...Object.fromEntries([7, 9, 11, 13, 17, 22, 25, 26].map((opset) => [`opset ${opset}`, classifier(opset)])),
  'two images and a list of ids': typed(
    model({
      inputs: { x: [1, 3, 16, 16], z: [1, 2, 16, 16], ids: [16] },
      nodes: [
        conv,
        op('Conv: z u -> e', same),
        op('Add: c e -> s'),
        op('Relu: s -> r'),
        op('Gather: table ids -> t'),
        op('Add: r t -> y'),
      ],
      constants: [w, weights('u', 4, 2, 3, 3), weights('table', 20, 16)],
    }),
    { ids: DataType.INT64 },
  ),
  'outputs that are read inside, fed, or constant': model({
    inputs: image,
    outputs: ['c', 'd', 'y', 'x', 'k'],
    nodes: [conv, op('Relu: c -> d'), last],
    constants: [w, v, weights('k', 3, 2)],
  }),
  'odd names': model({
    inputs: { '0': [1, 3, 16, 16] },
    outputs: [long],
    nodes: [
      node('Conv', ['0', '1'], ['2'], [makeAttribute('pads', same.pads)], 'dup'),
      node('Relu', ['2'], ['3'], [], 'dup_scaleFix'),
      node('Conv', ['3', 'a/b c/ü/重'], ['out put/0:α']),
      node('Relu', ['out put/0:α'], [long], [], '/model/act/Relu'),
    ],
    constants: [{ ...w, name: '1' }, { ...weights('p', 4, 4, 1, 1), name: 'a/b c/ü/重' }, weights('unused', 7, 7)],
  }),
  'names that an export could make up': model({
    inputs: image,
    nodes: [
      op('Conv: x x_scale -> x_quantized', same, 'y'),
      op('Relu: x_quantized -> y_quantized', {}, 'y_quantized'),
      op('Conv: y_quantized y_dequantized -> y', same, 'x'),
    ],
    constants: [
      { ...w, name: 'x_scale' },
      { ...v, name: 'y_dequantized' },
    ],
  }),
  'weights shared by two convolutions': model({
    inputs: { x: [1, 4, 16, 16] },
    nodes: [op('Conv: x v -> c', same), op('Relu: c -> d'), last, op('Conv: x v b -> e', same), op('Add: y e -> z')],
    outputs: ['z'],
    constants: [v, weights('b', 4)],
  }),
  'weights that are all zero': model({
    inputs: image,
    nodes: [conv, op('Conv: x n -> d', same), op('Add: c d -> y')],
    constants: [w, floats('n', [4, 3, 3, 3], new Array(108).fill(0))],
  }),
  activations: between(
    [
      op('Clip: c zero six -> a'),
      op('Conv: a v -> b', same),
      op('HardSwish: b -> e'),
      op('Conv: e v -> f', same),
      op('Mish: f -> g'),
      op('Conv: g v -> h', same),
      op('Gelu: h -> i'),
      op('Conv: i v -> j', same),
      op('LeakyRelu: j -> d'),
    ],
    [scalar('zero', 0), scalar('six', 6)],
    { opset: 20 },
  ),
  'constants subtracted, divided by, subtracted from': model({
    inputs: image,
    nodes: [
      op('Div: x half -> a'),
      op('Sub: a mean -> b'),
      op('Div: b std -> e'),
      op('Conv: e w -> c', same),
      op('Sub: half c -> y'),
    ],
    constants: [
      w,
      scalar('half', 0.5),
      floats('mean', [1, 3, 1, 1], [0.4, -0.2, 0.1]),
      floats('std', [3, 1, 1], [0.7, 1.1, 0.9]),
    ],
  }),
  'tensors joined, added, multiplied, subtracted with themselves': model({
    inputs: image,
    nodes: [
      conv,
      op('Concat: c c -> d', { axis: 1 }),
      op('Conv: d u -> e', same),
      op('Add: e e -> f'),
      op('Sub: f f -> z'),
      op('Mul: f f -> g'),
      op('Add: z g -> y'),
    ],
    constants: [w, weights('u', 4, 8, 3, 3)],
  }),
  'a concat of ranges that differ, with the input': model({
    inputs: image,
    nodes: [conv, op('Conv: x u -> e'), op('Concat: c e x -> d', { axis: 1 }), op('Conv: d q -> y', same)],
    constants: [w, floats('u', [2, 3, 1, 1], [9, -8, 7, -6, 5, 4]), weights('q', 5, 9, 3, 3)],
  }),
  'reshape, product, transpose, product': model({
    inputs: image,
    nodes: [
      conv,
      op('Reshape: c s1 -> d'),
      op('MatMul: d m -> e'),
      op('Transpose: e -> f', { perm: [0, 2, 1] }),
      op('MatMul: f n -> y'),
    ],
    constants: [w, longs('s1', [3], [1, 4, -1]), weights('m', 256, 32), weights('n', 4, 5)],
  }),
  'a product alone': model({
    inputs: { x: [1, 32] },
    nodes: [op('Gemm: x m -> h', { transB: 1 }), op('Tanh: h -> t'), op('Gemm: t n -> y')],
    constants: [weights('m', 24, 32), weights('n', 24, 5)],
  }),
  'softmax in the middle': between([op('Softmax: c -> d', { axis: 1 })]),
  'attention written out': model({
    inputs: { x: [1, 10, 32] },
    nodes: [
      op('MatMul: x mq -> q'),
      op('MatMul: x mk -> k'),
      op('MatMul: x mv -> e'),
      op('Transpose: k -> kt', { perm: [0, 2, 1] }),
      op('MatMul: q kt -> s'),
      op('Softmax: s -> p', { axis: 2 }),
      op('MatMul: p e -> o'),
      op('MatMul: o mo -> y'),
    ],
    constants: [weights('mq', 32, 16), weights('mk', 32, 16), weights('mv', 32, 16), weights('mo', 16, 8)],
  }),
  'padding before a convolution': between([op('Pad: c p -> d')], [longs('p', [8], [0, 0, 1, 2, 0, 0, 2, 1])]),
  'nearest neighbours': between(
    [
      op('Resize: c _ s -> d', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    [floats('s', [4], [1, 1, 2, 2])],
  ),
  'interpolation, in software': between(
    [op('Resize: c _ s -> d', { mode: 'linear' })],
    [floats('s', [4], [1, 1, 2, 2])],
  ),
  'split, slice, transpose': between(
    [
      op('Split: c -> a b', { axis: 1 }),
      op('Slice: a st en ax by -> e'),
      op('Slice: b st en ax by -> f'),
      op('Concat: f e -> g', { axis: 1 }),
      op('Transpose: g -> d', { perm: [0, 1, 3, 2] }),
    ],
    [longs('st', [1], [0]), longs('en', [1], [16]), longs('ax', [1], [2]), longs('by', [1], [2])],
  ),
  'channels shuffled': between(
    [op('Reshape: c s1 -> e'), op('Transpose: e -> f', { perm: [0, 2, 1, 3, 4] }), op('Reshape: f s2 -> d')],
    [longs('s1', [5], [1, 2, 2, 16, 16]), longs('s2', [4], [1, 4, 16, 16])],
  ),
  'grouped, depthwise, dilated': model({
    inputs: image,
    nodes: [
      op('Conv: x g -> c', { ...same, group: 3 }),
      op('Conv: c d -> e', { ...same, group: 6 }),
      op('Conv: e q -> y', { pads: [2, 2, 2, 2], dilations: [2, 2] }),
    ],
    constants: [weights('g', 6, 1, 3, 3), weights('d', 6, 1, 3, 3), weights('q', 4, 6, 3, 3)],
  }),
  'one dimension': model({
    inputs: { x: [1, 4, 64] },
    nodes: [
      op('Conv: x w -> c', { pads: [1, 1], strides: [2] }),
      op('Relu: c -> r'),
      op('MaxPool: r -> p', { kernel_shape: [2] }),
      op('AveragePool: p -> y', { kernel_shape: [2] }),
    ],
    constants: [weights('w', 8, 4, 3)],
  }),
  'three dimensions': model({
    inputs: { x: [1, 2, 6, 8, 8] },
    nodes: [op('Conv: x w -> c', { pads: [1, 1, 1, 1, 1, 1] }), op('Relu: c -> r'), op('GlobalAveragePool: r -> y')],
    constants: [weights('w', 4, 2, 3, 3, 3)],
  }),
  'squeeze and excitation': between(
    [op('GlobalAveragePool: c -> g'), op('Conv: g u -> e'), op('HardSigmoid: e -> f'), op('Mul: c f -> d')],
    [weights('u', 4, 4, 1, 1)],
  ),
  'half precision at both ends': typed(
    model({
      inputs: image,
      nodes: [
        op('Cast: x -> f', { to: DataType.FLOAT }),
        op('Conv: f w -> c', same),
        op('Cast: c -> y', { to: DataType.FLOAT16 }),
      ],
      constants: [w],
    }),
    { x: DataType.FLOAT16, y: DataType.FLOAT16 },
  ),
  'the channel of the maximum': typed(
    model({ inputs: image, outputs: ['c', 'y'], nodes: [conv, op('ArgMax: c -> y', { axis: 1 })], constants: [w] }),
    { y: DataType.INT64 },
  ),
  'a branch that is always taken': between(
    [
      op('Shape: c -> s'),
      op('Gather: s one -> n'),
      op('Equal: n four -> k'),
      node(
        'If',
        ['k'],
        ['d'],
        [makeAttribute('then_branch', branch('Relu')), makeAttribute('else_branch', branch('Neg'))],
      ),
    ],
    [longs('one', [], [1]), longs('four', [], [4])],
  ),
  'a loop and a scan, left whole': between(
    [
      node('Loop', ['three', '', 'c'], ['e'], [makeAttribute('body', loopBody)]),
      node('Scan', ['c'], ['f'], [makeAttribute('body', scanBody), makeAttribute('num_scan_inputs', 1)]),
      op('Add: e f -> d'),
    ],
    [longs('three', [], [3])],
  ),
  'functions of the model itself': withFunctions(
    between([
      { ...op('Block: c -> e', { slope: { float: 0.25 } }), domain: 'my.layers' },
      { ...op('Block: e -> d'), domain: 'my.layers' },
    ]),
  ),
  'half precision inside': model({
    inputs: image,
    nodes: [
      op('Cast: x -> h', { to: DataType.FLOAT16 }),
      op('Conv: h w16 -> c', same),
      op('Cast: c -> y', { to: DataType.FLOAT }),
    ],
    constants: [makeTensor('w16', DataType.FLOAT16, [4, 3, 3, 3], Uint16Array.from(floatValues(w), toFloat16))],
  }),
  'operators of the runtime': model({
    inputs: image,
    nodes: [
      contrib('FusedConv: x w b -> c', { ...same, activation: 'Relu' }),
      contrib('QuickGelu: c -> e'),
      op('Conv: e v -> f', same),
      contrib('BiasGelu: f g -> h'),
      contrib('Gelu: h -> i'),
      op('Conv: i v -> j', same),
      contrib('FusedMatMul: j m -> y', { transB: 1, alpha: { float: 0.5 } }),
    ],
    constants: [w, v, weights('b', 4), weights('g', 16), weights('m', 8, 16)],
  }),
  'a branch': between([
    op('ReduceMax: c -> m', { keepdims: 0 }),
    op('Cast: m -> k', { to: DataType.BOOL }),
    node(
      'If',
      ['k'],
      ['d'],
      [makeAttribute('then_branch', branch('Relu')), makeAttribute('else_branch', branch('Neg'))],
    ),
  ]),
}

/** Runtime operators, of the domain com.microsoft. */
function contrib(line: string, attributes: Attributes = {}): NodeProto {
  return { ...op(line, attributes), domain: 'com.microsoft' }
}

function withFunctions(proto: ModelProto): ModelProto {
  const domain = 'my.layers'
  const one = (name: string, input: string[], output: string[], nodes: NodeProto[]) => ({
    ...{ name, domain, input, output, attribute: [], node: nodes },
    attributeProto: [makeAttribute('slope', { float: 0.1 })],
    opsetImport: [
      { domain: '', version: 13 },
      { domain, version: 1 },
    ],
  })
  const sloped = { ...op('LeakyRelu: t -> o'), attribute: [{ name: 'alpha', type: 1, refAttrName: 'slope' }] }
  const block = [{ ...op('Double: a -> t'), domain }, sloped]
  return {
    ...proto,
    opsetImport: [...proto.opsetImport, { domain, version: 1 }],
    functions: [one('Block', ['a'], ['o'], block), one('Double', ['t'], ['a'], [op('Add: t t -> a')])],
  }
}

function branch(type: string) {
  const { graph } = model({ inputs: {}, outputs: ['d'], nodes: [op(`${type}: c -> d`)] })
  return { ...graph, output: [{ ...graph.output[0]!, name: 'd' }] }
}

/** y = conv(x), then what the caller says. */
export const convolution = (dims: readonly (number | string)[], nodes: readonly NodeProto[] = [op('Relu: c -> y')]) =>
  model({ inputs: { x: dims }, nodes: [conv, ...nodes], constants: [w] })

/** Nothing that the chip could run. */
export const software: ModelProto = model({ inputs: { x: [1, 8] }, nodes: [op('Softmax: x -> y')] })

export const integersOnly: ModelProto = typed(
  model({ inputs: { x: [1, 4] }, nodes: [op('Add: x x -> s'), op('Mul: s s -> y')], opset: 14 }),
  { x: DataType.INT64, y: DataType.INT64 },
)

export const halfPrecision: ModelProto = typed(
  model({
    inputs: { x: [1, 8] },
    nodes: [op('MatMul: x h -> y')],
    constants: [makeTensor('h', DataType.FLOAT16, [8, 2], new Uint16Array(16).fill(0x3c00))],
  }),
  { x: DataType.FLOAT16, y: DataType.FLOAT16 },
)

/** The positions of what a Relu keeps: as many as there are. */
export const selecting: ModelProto = typed(
  model({
    inputs: image,
    outputs: ['y', 'kept'],
    nodes: [op('Conv: x w -> c', same), op('Relu: c -> y'), op('NonZero: y -> kept')],
    constants: [w],
  }),
  { kept: DataType.INT64 },
)
