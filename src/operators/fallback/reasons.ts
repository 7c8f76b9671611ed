// Why operators run in float that no family has a form of: decisions, in words for users.

import { intAttribute, stringAttribute, subgraphs } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import { own } from '../../own.js'

const alone = 'it is no part of a pair with constant scales'
const computedArguments = 'its arguments are computed, not constant'
const manyFactors = 'products of many values leave every width'
const openSequences = 'only sequences that are made and taken apart at constant places become tensors'
const random = 'its values are random'
const training = 'it is for training'
const twoTensors = 'it is a function of two tensors that is no sum, product or quotient'
const varyingCount = 'how many values it gives depends on the data'

const reasons: Readonly<Record<string, string | ((node: NodeProto) => string)>> = {
  BatchNormalization: 'its statistics, factor or offset are computed, not constant, or it is trained',
  Bernoulli: random,
  BlackmanWindow: computedArguments,
  Cast: 'whole numbers become values there',
  CastLike: 'it changes the element type',
  Compress: varyingCount,
  ConcatFromSequence: openSequences,
  ConvTranspose:
    'its weights are computed, its padding follows from dims that are open, or it writes more than its kernel reaches',
  CumProd: manyFactors,
  CumSum: 'its axis is computed, or dims that it depends on are open',
  DFT: 'its axis or length is computed, or dims that it depends on are open',
  DeformConv: 'dims that it depends on are open',
  DequantizeLinear: alone,
  Det: manyFactors,
  Dropout: 'it is trained, or its mask is read',
  DynamicQuantizeLinear: alone,
  Einsum: 'it takes a diagonal, or dims that it depends on are open',
  HammingWindow: computedArguments,
  HannWindow: computedArguments,
  MaxRoiPool: 'how many values it takes the largest of depends on the data',
  MelWeightMatrix: computedArguments,
  Mod: twoTensors,
  Multinomial: random,
  NegativeLogLikelihoodLoss: training,
  NonMaxSuppression: varyingCount,
  NonZero: varyingCount,
  OneHot: 'its places are real numbers, or what it writes is computed',
  Pow: 'its base may be zero or less for some data, where no exponential equals the power, or its exponent is a constant of several values',
  QLinearConv: 'its scales are computed, not constant',
  QLinearMatMul: 'its scales are computed, not constant',
  QuantizeLinear: alone,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Range: computedArguments,
  ReduceProd: manyFactors,
  RoiAlign: roiAlignReason,
  STFT: 'its step, window or length is computed, or dims that it depends on are open',
  SequenceAt: openSequences,
  SequenceConstruct: openSequences,
  SequenceErase: openSequences,
  SequenceInsert: openSequences,
  SoftmaxCrossEntropyLoss: training,
  SplitToSequence: openSequences,
  TensorScatter: 'it writes into a cache at computed places',
  Unique: varyingCount,
  Where: 'what it chooses from is constant',
}

function roiAlignReason(node: NodeProto): string {
  if (stringAttribute(node, 'mode', 'avg') !== 'avg')
    return 'its mode is max, and only averages of samples have a form in integers'
  return intAttribute(node, 'sampling_ratio', 0) < 1
    ? "its sampling_ratio is 0, so that each region's size decides how many samples it averages"
    : 'its opset has no GridSample, as 16 has (-ov 16), or dims that it depends on are open'
}

export function floatReason(node: NodeProto): string {
  const { opType } = node
  if (opType === 'Loop')
    return 'data decide how many steps it takes, or the steps are too many to be written out: what is inside it runs in float'
  if (subgraphs(node).length > 0) return 'the graphs inside it run in float'
  const reason = own(reasons, opType) ?? 'the chip has no fixed-point form of it'
  return typeof reason === 'string' ? reason : reason(node)
}
