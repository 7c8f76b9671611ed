// Every operator of the standard domain in the forms that matter to networks: what docs/operators.md says of each is found by planning these.

import { type AttributeValue, makeAttribute } from '../../src/onnx/attribute.js'
import { makeGraph, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { DataType, type GraphProto, type NodeProto } from '../../src/onnx/types.js'
import { constants } from './tensors.js'

/** One form of an operator, between float32 inputs of the model and its outputs. */
export interface Case {
  /** What is special about it, for people; '' for the plain form. */
  readonly form: string
  readonly nodes: readonly NodeProto[]
  readonly opset: number
  readonly ends: boolean
  /** The least signal-to-noise ratio in dB that integers keep of what follows it. */
  readonly least: number
}

type Attributes = Readonly<Record<string, AttributeValue>>

const node = (type: string, inputs: string, outputs: string, attributes: Attributes = {}) =>
  makeNode(
    type,
    inputs.split(' ').map((name) => (name === '_' ? '' : name)),
    outputs.split(' ').map((name) => (name === '_' ? '' : name)),
    Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
    `${type}_${outputs.split(' ').at(-1)}`,
  )

interface More {
  readonly form?: string
  readonly outputs?: string
  readonly opset?: number
  readonly before?: readonly NodeProto[]
  readonly after?: readonly NodeProto[]
  /** Nothing follows it: what it writes is the model's output. */
  readonly ends?: boolean
  readonly least?: number
}

type Form = (type: string) => Case

/** A form that reads these tensors, '_' for one that is left away. */
const on =
  (
    inputs: string,
    attributes: Attributes = {},
    { form = '', outputs = 'y', opset = 21, before = [], after = [], ends = false, least = 25 }: More = {},
  ): Form =>
  (type) => ({ form, opset, ends, least, nodes: [...before, node(type, inputs, outputs, attributes), ...after] })

const unary = [on('x')]
const binary = [
  on('x z'),
  on('x slope', {}, { form: 'with a constant a channel' }),
  on('x any', {}, { form: 'with a constant of any shape' }),
]
const reductionOf = (input: string) => [
  on(`${input} axis1`, {}, { opset: 18 }),
  on(`${input} lastAxis`, { keepdims: 0 }, { form: 'without the axis', opset: 18 }),
]
const reduction = reductionOf('x')
const floatOf = (condition: string) => [node('Cast', condition, 'y', { to: DataType.FLOAT })]
const comparison = [
  on('x z', {}, { form: 'as a condition of Where', outputs: 'c', after: [node('Where', 'c x z', 'y')] }),
  on('x half', {}, { form: 'with a constant, as numbers', outputs: 'c', after: floatOf('c') }),
  on('x z', {}, { form: 'as numbers', outputs: 'c', after: floatOf('c') }),
]
const compared = [node('Greater', 'x z', 'one'), node('Less', 'x half', 'other')]
const logic =
  (inputs: string): Form =>
  (type) => ({
    form: '',
    opset: 21,
    ends: false,
    least: 25,
    nodes: [...compared, node(type, inputs, 'c'), node('Where', 'c x z', 'y')],
  })
const leastOfAll = [node('ReduceMin', 'z', 'least', { keepdims: 0 })]
const found = [node('ArgMax', 'z', 'found', { axis: 3, keepdims: 0 })]
const window = { kernel_shape: [3, 3], pads: [1, 0, 1, 2] }
const regions = { output_height: 3, output_width: 2, spatial_scale: { float: 6 } }
/** Steps that a Scan may have: what they hand on is a mean of what they have been given and of a function of it and an element. */
function cell(shown: readonly string[]): GraphProto {
  const info = (name: string) => makeValueInfo(name, DataType.FLOAT, [1, 4])
  return makeGraph({
    nodes: [
      node('MatMul', 'before square', 'product'),
      node('Add', 'product element', 'sum'),
      node('Tanh', 'sum', 'candidate'),
      node('Sigmoid', 'sum', 'gate'),
      node('Mul', 'candidate gate', 'gated'),
      node('Add', 'gated before', 'both'),
      node('Mul', 'both half', 'next'),
      ...shown.map((name) => node('Identity', name, `${name}_shown`)),
    ],
    inputs: ['before', 'element'].map(info),
    outputs: ['next', ...shown.map((name) => `${name}_shown`)].map(info),
    initializers: constants.filter(({ name }) => name === 'square' || name === 'half'),
  })
}
const random = 'its values are random'
const strings = 'it has strings'
const sequences = 'it is about sequences, which are no tensors'
const takenApart =
  'sequences that are made and taken apart at once become slices and concatenations; others run in float'
const optionals = 'it is about optional values, which are no tensors'
const whole = 'it has no float values'
const training = 'it is for training'
const quantized = 'it is what quantized models are made of: QDQ models are read as the float models they stand for'
const folded = 'it is a function of constants, and folded'

/** Operator -> its forms; or why no activation of a network reaches it. */
export const forms: Readonly<Record<string, readonly Form[] | string>> = {
  Abs: unary,
  Acos: unary,
  Acosh: [on('above', {}, { before: [node('Cosh', 'x', 'above')] })],
  Add: binary,
  AffineGrid: [on('theta gridSize', { align_corners: 0 })],
  And: [logic('one other')],
  ArgMax: [on('x', { axis: 1 }, { ends: true, least: 0 })],
  ArgMin: [on('x', { axis: 1 }, { ends: true, least: 0 })],
  Asin: unary,
  Asinh: unary,
  Atan: unary,
  Atanh: unary,
  Attention: [
    on('heads heads heads', {}, { opset: 23 }),
    on('heads heads heads', { is_causal: 1, softcap: { float: 5 } }, { form: 'causal, with a cap', opset: 23 }),
    on(
      'spans narrow narrow seen',
      { q_num_heads: 2, kv_num_heads: 1 },
      { form: 'of heads that share keys, with a mask', opset: 23 },
    ),
    on('heads heads heads bias', {}, { form: 'with a computed bias', opset: 23 }),
    on(
      'heads heads heads _ heads heads',
      { is_causal: 1 },
      { form: 'causal, behind past keys and values', outputs: 'y present other', opset: 23 },
    ),
  ],
  AveragePool: [
    on('x', window),
    on('x', { ...window, count_include_pad: 1 }, { form: 'counting its padding' }),
    on('x', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }, { form: 'with ceil_mode', opset: 19 }),
    on('volume', { kernel_shape: [2, 2, 2] }, { form: '3-D' }),
  ],
  BatchNormalization: [
    on('x four four four positive'),
    on('x style style four positive', {}, { form: 'with a computed factor and offset' }),
  ],
  Bernoulli: random,
  BitCast: whole,
  BitShift: whole,
  BitwiseAnd: whole,
  BitwiseNot: whole,
  BitwiseOr: whole,
  BitwiseXor: whole,
  BlackmanWindow: folded,
  Cast: comparison.slice(1).map((form) => () => form('Greater')),
  CastLike: [on('x z')],
  Ceil: unary,
  Celu: unary,
  CenterCropPad: [on('x shape4', {}, { opset: 18 })],
  Clip: [on('x half two'), on('x least', {}, { form: 'at a computed bound', before: leastOfAll })],
  Col2Im: [on('columns imageSize window', {}, { opset: 18 })],
  Compress: [on('x which', { axis: 3 }), on('x which', {}, { form: 'without an axis' })],
  Concat: [
    on('x z', { axis: 1 }),
    on('x any', { axis: 1 }, { form: 'with a constant' }),
    on('x nothing z', { axis: 1 }, { form: 'with an empty constant' }),
  ],
  ConcatFromSequence: takenApart,
  Constant: folded,
  ConstantOfShape: folded,
  Conv: [
    on('x w', { pads: [1, 0, 2, 1], dilations: [2, 1] }),
    on('line w1', {}, { form: '1-D' }),
    on('volume w3', { pads: [1, 1, 1, 0, 1, 2] }, { form: '3-D' }),
    on('x kernels', { pads: [1, 1, 1, 1] }, { form: 'with computed weights' }),
  ],
  ConvInteger: quantized,
  ConvTranspose: [
    on('x wt', { strides: [2, 2] }),
    on('x wt', { strides: [2, 1], auto_pad: 'SAME_UPPER' }, { form: 'with unequal strides, padded by its dims' }),
    on('volume wt3', { strides: [2, 2, 2] }, { form: '3-D' }),
    on('x computed', { strides: [2, 2] }, { form: 'with computed weights' }),
  ],
  Cos: unary,
  Cosh: unary,
  CumProd: [on('x last', {}, { opset: 26 })],
  CumSum: [on('x last')],
  DFT: [
    on('signal', { onesided: 1 }, { opset: 17 }),
    on('complex', { inverse: 1 }, { form: 'inverse, of complex numbers', opset: 20 }),
  ],
  DeformConv: [
    on('x w offsets', {}, { opset: 19 }),
    on(
      'x w moves _ masks',
      { offset_group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 1, 1, 2] },
      { form: 'with computed places and a mask', opset: 19 },
    ),
  ],
  DepthToSpace: [on('x', { blocksize: 2 })],
  DequantizeLinear: quantized,
  Det: [on('rows')],
  Div: [on('x z'), on('x positiveC', {}, { form: 'by a constant' }), on('half z', {}, { form: 'of a constant' })],
  Dropout: unary,
  DynamicQuantizeLinear: quantized,
  Einsum: [
    on('heads heads', { equation: 'bhid,bhjd->bhij' }),
    on('x rows', { equation: '...ij,jk->...ik' }, { form: 'with an ellipsis' }),
    on('x x x', { equation: 'bcij,bcjk,bckl->bcil' }, { form: 'of three tensors' }),
    on('x rows', { equation: 'bcij,jk->bci' }, { form: 'with a sum over what one tensor alone has' }),
    on('rows', { equation: 'ii->i' }, { form: 'of a diagonal' }),
  ],
  Elu: unary,
  Equal: comparison,
  Erf: unary,
  Exp: unary,
  Expand: [on('x larger')],
  EyeLike: folded,
  Flatten: unary,
  Floor: unary,
  GRU: [on('sequence gruW gruR', { hidden_size: 4 })],
  Gather: [
    on('x indices', { axis: 1 }),
    on('table found', {}, { form: 'of a constant table', before: found }),
    on('x found', { axis: 3 }, { form: 'at computed places', before: found }),
  ],
  GatherElements: [on('x places', { axis: 3 })],
  GatherND: [on('rows pairs')],
  Gelu: [on('x', {}, { opset: 20 })],
  Gemm: [
    on('rows matrix row6', { alpha: { float: 0.5 } }),
    on('rows matrix', { transA: 1 }, { form: 'with transA' }),
    on('rows rows rows', { transB: 1, beta: { float: 2 } }, { form: 'of activations' }),
    on('rows matrix full', {}, { form: 'with a C of any shape' }),
    on('rows matrix column8', {}, { form: 'with a C for each row' }),
  ],
  GlobalAveragePool: unary,
  GlobalLpPool: unary,
  GlobalMaxPool: unary,
  Greater: comparison,
  GreaterOrEqual: comparison,
  GridSample: [
    on('x grid', { mode: 'nearest' }, { form: 'nearest' }),
    on('x grid', {}, { form: 'bilinear' }),
    on('x grid', { padding_mode: 'border', align_corners: 1 }, { form: 'bilinear, border' }),
    on('x grid', { padding_mode: 'reflection' }, { form: 'bilinear, reflection' }),
    on('x points', {}, { form: 'bilinear, at constant places' }),
    on(
      'x grid',
      { padding_mode: 'reflection', align_corners: 1 },
      { form: 'bilinear, reflection between the last values' },
    ),
    on('x grid', { mode: 'cubic' }, { form: 'bicubic', opset: 20 }),
    on('x grid', { mode: 'cubic', padding_mode: 'border' }, { form: 'bicubic, border', opset: 20 }),
    on('x grid', { mode: 'cubic', padding_mode: 'reflection' }, { form: 'bicubic, reflection', opset: 20 }),
    on('x points', { mode: 'cubic', padding_mode: 'reflection' }, { form: 'bicubic, at constant places', opset: 20 }),
  ],
  GroupNormalization: [on('x four four', { num_groups: 2, epsilon: { float: 0.1 } })],
  HammingWindow: folded,
  HannWindow: folded,
  HardSigmoid: unary,
  HardSwish: unary,
  Hardmax: [on('x', { axis: 1 })],
  Identity: unary,
  If: 'the branch that is always taken takes its place; where real values decide, both branches of equal dims and a choice between them; else the graphs inside run in float',
  ImageDecoder: strings,
  InstanceNormalization: [
    on('x four four', { epsilon: { float: 0.1 } }),
    on('x style four', { epsilon: { float: 0.1 } }, { form: 'with a computed factor' }),
  ],
  IsInf: [on('x', {}, { outputs: 'c', after: [node('Where', 'c x z', 'y')] })],
  IsNaN: [on('x', {}, { outputs: 'c', after: [node('Where', 'c x z', 'y')] })],
  LRN: [on('x', { size: 3 })],
  LSTM: [on('sequence lstmW lstmR', { hidden_size: 4 })],
  LayerNormalization: [
    on('x eight eight', { epsilon: { float: 0.1 } }),
    on('x vector eight', { epsilon: { float: 0.1 } }, { form: 'with a computed factor' }),
    on(
      'x eight eight',
      { epsilon: { float: 0.1 } },
      {
        ...{ form: 'whose mean and deviation are read', outputs: 'n m d' },
        after: [node('Mul', 'n d', 'whole'), node('Add', 'whole m', 'y')],
      },
    ),
  ],
  LeakyRelu: unary,
  Less: comparison,
  LessOrEqual: comparison,
  Log: [on('p')],
  LogSoftmax: [on('x', { axis: 1 }), on('x', { axis: 1 }, { form: 'at the end of a model', ends: true })],
  Loop: 'where constants and counters decide how many steps it takes, the steps take its place; else what is inside runs in float',
  LpNormalization: [on('x', { axis: 1 }), on('x', { axis: 1, p: 1 }, { form: 'of order 1' })],
  LpPool: [on('x', { kernel_shape: [2, 2] })],
  MatMul: [
    on('rows matrix'),
    on('rows rows', {}, { form: 'of activations' }),
    on('x batch', {}, { form: 'of activations, broadcast' }),
    on('rows vector', {}, { form: 'with a vector' }),
    on('vector rows', {}, { form: 'of a vector' }),
    on('vector vector', {}, { form: 'of two vectors' }),
    on('rows eight', {}, { form: 'with a constant vector' }),
    on('vector matrix', {}, { form: 'of a vector and a constant' }),
    on('left rows', {}, { form: 'with a constant on the left' }),
    on('x matrices', {}, { form: 'with a batch of constants' }),
  ],
  MatMulInteger: quantized,
  Max: [on('x z'), on('x slope', {}, { form: 'with a constant a channel' })],
  MaxPool: [
    on('x', window),
    on('volume', { kernel_shape: [2, 2, 2] }, { form: '3-D' }),
    on(
      'x',
      { kernel_shape: [2, 2], strides: [2, 2] },
      {
        form: 'with indices',
        outputs: 'm i',
        after: [node('MaxUnpool', 'm i', 'y', { kernel_shape: [2, 2], strides: [2, 2] })],
      },
    ),
  ],
  MaxRoiPool: [on('x rois', { pooled_shape: [2, 2] })],
  MaxUnpool: [on('small maxima', { kernel_shape: [2, 2], strides: [2, 2] })],
  Mean: [on('x z x'), on('x any z', {}, { form: 'with a constant' })],
  MeanVarianceNormalization: unary,
  MelWeightMatrix: folded,
  Min: [on('x z'), on('x slope', {}, { form: 'with a constant a channel' })],
  Mish: [on('x', {}, { opset: 18 })],
  Mod: [on('x two', { fmod: 1 }, { form: 'by a constant' }), on('x z', { fmod: 1 }, { form: 'by an activation' })],
  Mul: binary,
  Multinomial: random,
  Neg: unary,
  NegativeLogLikelihoodLoss: training,
  NonMaxSuppression: [on('corners scores', {}, { ends: true })],
  NonZero: [on('x', {}, { ends: true })],
  Not: [logic('one')],
  OneHot: [on('found depth onOff', {}, { before: found })],
  Optional: optionals,
  OptionalGetElement: optionals,
  OptionalHasElement: optionals,
  Or: [logic('one other')],
  PRelu: [
    on('x half'),
    on('x slope', {}, { form: 'with a slope a channel' }),
    on('x z', {}, { form: 'with computed slopes' }),
  ],
  Pad: [
    on('x pads half'),
    on('line linePads', {}, { form: '1-D' }),
    on('volume volumePads', { mode: 'edge' }, { form: '3-D' }),
    on('x pads', { mode: 'reflect' }, { form: 'reflect' }),
    on('x pads', { mode: 'edge' }, { form: 'edge' }),
    on('x pads', { mode: 'wrap' }, { form: 'wrap' }),
    on(
      'x pads lowest',
      {},
      {
        form: 'with -Infinity, before a MaxPool',
        outputs: 'padded',
        after: [node('MaxPool', 'padded', 'y', { kernel_shape: [3, 3] })],
      },
    ),
  ],
  Pow: [
    on('x two'),
    on('p z', {}, { form: 'by an activation' }),
    on(
      'positiveX z',
      {},
      { form: 'of a tensor that is positive, by an activation', before: [node('Max', 'x half', 'positiveX')] },
    ),
  ],
  QLinearConv: quantized,
  QLinearMatMul: quantized,
  QuantizeLinear: quantized,
  RMSNormalization: [on('x eight', { epsilon: { float: 0.1 } }, { opset: 23 })],
  RNN: [on('sequence rnnW rnnR', { hidden_size: 4 })],
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Range: folded,
  Reciprocal: unary,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reductionOf('p'),
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: [...reduction, on('x none', { noop_with_empty_axes: 1 }, { form: 'over no axes', opset: 18 })],
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: reduction,
  ReduceSumSquare: reduction,
  RegexFullMatch: strings,
  Relu: unary,
  Reshape: [on('x shape')],
  Resize: [
    on('x _ scales', { mode: 'nearest' }, { form: 'nearest' }),
    on('x _ scales', { mode: 'linear' }, { form: 'linear' }),
    on('x _ scales', { mode: 'cubic' }, { form: 'cubic' }),
    on('x _ shrink', { mode: 'linear', antialias: 1 }, { form: 'linear, antialiased' }),
    on('x _ shrink', { mode: 'cubic', antialias: 1 }, { form: 'cubic, antialiased' }),
    on(
      'x roi scales',
      { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
      { form: 'linear, cropped' },
    ),
    on(
      'x roi scales',
      { mode: 'nearest', coordinate_transformation_mode: 'tf_crop_and_resize' },
      { form: 'nearest, cropped' },
    ),
    on(
      'x beyond scales',
      { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
      { form: 'cropped beyond its ends' },
    ),
  ],
  ReverseSequence: [on('sequence three', { batch_axis: 1, time_axis: 0 })],
  RoiAlign: [
    on('x rois4 rowOf', { ...regions, sampling_ratio: 2 }),
    on(
      'batch rois4 imageOf',
      { ...regions, sampling_ratio: 1, coordinate_transformation_mode: 'output_half_pixel' },
      { form: 'of several images' },
    ),
    on('x rois4 rowOf', regions, { form: 'with as many samples as a region is large' }),
    on('x rois4 rowOf', { ...regions, sampling_ratio: 2, mode: 'max' }, { form: 'of maxima' }),
  ],
  RotaryEmbedding: [
    on('heads cosines sines', {}, { opset: 23 }),
    on('spans cosineTable sineTable order', { num_heads: 1 }, { form: 'of a table, by positions', opset: 23 }),
    on('heads cosines sines', { interleaved: 1 }, { form: 'interleaved', opset: 23 }),
  ],
  Round: unary,
  STFT: [on('audio hop _ frame', {}, { opset: 17 }), on('audio hop hann', {}, { form: 'with a window', opset: 17 })],
  Scan: [
    on(
      'state sequence',
      { body: cell(['gated']), num_scan_inputs: 1 },
      { form: 'of steps in arithmetic', outputs: 'after y' },
    ),
    on(
      'state spans1',
      { body: cell(['gated', 'next']), num_scan_inputs: 1, scan_input_axes: [1], scan_output_axes: [1, -1] },
      { form: 'along another axis', outputs: 'after y states' },
    ),
  ],
  Scatter: [on('x places z', { axis: 3 }, { opset: 10 })],
  ScatterElements: [
    on('x places z', { axis: 3 }),
    on('x places z', { axis: 3, reduction: 'add' }, { form: 'that adds', opset: 18 }),
    on('x places z', { axis: 3, reduction: 'max' }, { form: 'that takes the larger', opset: 18 }),
    on('x places z', { axis: 3, reduction: 'mul' }, { form: 'that multiplies', opset: 18 }),
    on('x places any', { axis: 3 }, { form: 'of constants' }),
  ],
  ScatterND: [
    on('rows pairs vectorPair'),
    on('rows pairs vectorPair', { reduction: 'add' }, { form: 'that adds', opset: 18 }),
    on('rows pairs vectorPair', { reduction: 'min' }, { form: 'that takes the lesser', opset: 18 }),
  ],
  Selu: unary,
  SequenceAt: takenApart,
  SequenceConstruct: takenApart,
  SequenceEmpty: sequences,
  SequenceErase: sequences,
  SequenceInsert: sequences,
  SequenceLength: sequences,
  SequenceMap: sequences,
  Shape: 'it has dims alone, which are folded where they are fixed',
  Shrink: unary,
  Sigmoid: unary,
  Sign: unary,
  Sin: unary,
  Sinh: unary,
  Size: 'it has dims alone, which are folded where they are fixed',
  Slice: [on('x starts ends lastAxis')],
  Softmax: [on('x', { axis: 1 }), on('x', { axis: 1 }, { form: 'at the end of a model', ends: true })],
  SoftmaxCrossEntropyLoss: training,
  Softplus: unary,
  Softsign: unary,
  SpaceToDepth: [on('x', { blocksize: 2 })],
  Split: [on('x parts', { axis: 1 }, { outputs: 'y b' })],
  SplitToSequence: takenApart,
  Sqrt: [on('p')],
  Squeeze: [on('x zero1')],
  StringConcat: strings,
  StringNormalizer: strings,
  StringSplit: strings,
  Sub: binary,
  Sum: [on('x z x'), on('x any z', {}, { form: 'with a constant' })],
  Swish: [on('x', {}, { opset: 24 })],
  Tan: unary,
  Tanh: unary,
  TensorScatter: [on('heads heads', {}, { opset: 24 })],
  TfIdfVectorizer: strings,
  ThresholdedRelu: unary,
  Tile: [on('x repeats')],
  TopK: [on('x three', {}, { outputs: 'y i' })],
  Transpose: unary,
  Trilu: unary,
  Unique: [on('x', {}, { outputs: 'y' })],
  Unsqueeze: [on('x unit')],
  Upsample: [on('x scales', { mode: 'nearest' }, { opset: 9 })],
  Where: [
    on('which x z'),
    on('above two half', {}, { form: 'of two constants', before: [node('Greater', 'z any', 'above')] }),
    on('which x half', {}, { form: 'with a constant' }),
    on(
      'above x lowest',
      {},
      {
        ...{ form: 'with -Infinity and a computed condition, before a Softmax', outputs: 'masked' },
        before: [node('Greater', 'z any', 'above')],
        after: [node('Softmax', 'masked', 'y', { axis: -1 })],
      },
    ),
  ],
  Xor: [logic('one other')],
}
