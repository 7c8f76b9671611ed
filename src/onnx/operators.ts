// The operators of the ONNX standard domain up to opset 26 and the opset that introduced each (7: there from the start of the supported range).
// Source: onnx/docs/Operators.md.

import type { NodeProto } from './types.js'

const introduced: Readonly<Record<number, string>> = {
  7: `Abs Acos Add And ArgMax ArgMin Asin Atan AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv ConvTranspose Cos
    DepthToSpace Div Dropout Elu Equal Exp Flatten Floor GRU Gather Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater HardSigmoid
    Hardmax Identity If InstanceNormalization LRN LSTM LeakyRelu Less Log LogSoftmax Loop LpNormalization LpPool MatMul Max MaxPool
    MaxRoiPool Mean Min Mul Multinomial Neg Not Or PRelu Pad Pow RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike
    Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
    Reshape Selu Shape Sigmoid Sin Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh Tile TopK
    Transpose Unsqueeze Upsample Xor`,
  8: 'Expand Scan',
  9: `Acosh Asinh Atanh Compress ConstantOfShape Cosh Erf EyeLike IsNaN MaxUnpool MeanVarianceNormalization NonZero OneHot Scatter Shrink
    Sign Sinh TfIdfVectorizer Where`,
  10: `ConvInteger DequantizeLinear IsInf MatMulInteger Mod NonMaxSuppression QLinearConv QLinearMatMul QuantizeLinear Resize
    ReverseSequence RoiAlign StringNormalizer ThresholdedRelu`,
  11: `BitShift ConcatFromSequence CumSum Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements ScatterND SequenceAt
    SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence Unique`,
  12: 'Celu Einsum GreaterOrEqual LessOrEqual NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss',
  14: 'HardSwish Trilu',
  15: 'Bernoulli CastLike Optional OptionalGetElement OptionalHasElement',
  16: 'GridSample',
  17: 'BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT SequenceMap',
  18: 'BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish',
  19: 'DeformConv',
  20: 'AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit',
  23: 'Attention RMSNormalization RotaryEmbedding',
  24: 'Swish TensorScatter',
  26: 'BitCast CumProd',
}

/** Standard operator -> the opset that introduced it. */
export const standardOperators: ReadonlyMap<string, number> = new Map(
  Object.entries(introduced).flatMap(([opset, names]) =>
    names.split(/\s+/).map((name) => [name, Number(opset)] as const),
  ),
)

/** They write every value of their first input once, and nothing else: with other dims, or in another order. */
export const rearranging: ReadonlySet<string> = new Set([
  ...['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'],
])

const dimsOnly: ReadonlySet<string> = new Set(['Shape', 'Size'])

/** Whether a node reads only the dims of its inputs. */
export function readsDimsOnly({ opType }: Pick<NodeProto, 'opType'>): boolean {
  return dimsOnly.has(opType)
}

/** Whether what a node writes is another in every run. */
export function isRandom({ opType }: Pick<NodeProto, 'opType'>): boolean {
  return opType.startsWith('Random') || opType === 'Bernoulli' || opType === 'Multinomial'
}

/** What ONNX Runtime's optimizer writes in the standard domain before the standard has it; the runtime runs it in any opset. */
export const runtimeOperators: ReadonlySet<string> = new Set(['LayerNormalization', 'SimplifiedLayerNormalization'])

/** The domain of ONNX Runtime's own operators. */
export const CONTRIB_DOMAIN = 'com.microsoft'

/** Whether a domain is ONNX's own: written '' or 'ai.onnx'. */
export function isStandardDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx'
}
