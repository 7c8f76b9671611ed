// Why operators run in float that no family has a form of: decisions, in words for users.

const alone = 'it is no part of a pair with constant scales'
const computedArguments = 'its arguments are computed, not constant'
const manyFactors = 'products of many values leave every width'
const openSequences = 'only sequences that are made and taken apart at constant places become tensors'
const random = 'its values are random'
const training = 'it is for training'
const twoTensors = 'it is a function of two tensors that is no sum, product or quotient'
const varyingCount = 'how many values it gives depends on the data'

const reasons: Readonly<Record<string, string>> = {
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
  Pow: twoTensors,
  QLinearConv: 'its scales are computed, not constant',
  QLinearMatMul: 'its scales are computed, not constant',
  QuantizeLinear: alone,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Range: computedArguments,
  ReduceProd: manyFactors,
  RoiAlign: 'how many samples it takes depends on the data, it takes maxima, or its opset has no GridSample, as 16 has',
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

/** Of an operator that holds no graphs. */
export function floatReason(opType: string): string {
  return reasons[opType] ?? 'the chip has no fixed-point form of it'
}
