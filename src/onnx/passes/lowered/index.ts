// Composite operators written as simpler ones, in the order in which they are tried.

import { lowerContribAttention, lowerMultiHeadAttention } from '../attention/contrib.js'
import { lowerGroupQueryAttention } from '../attention/grouped.js'
import { lowerAttention } from '../attention/onnx.js'
import { lowerContribRotaryEmbedding, lowerRotaryEmbedding } from '../attention/rotary.js'
import type { Pass } from '../pass.js'
import { lowerAffineGrid, lowerCastLike, lowerClip, lowerCompress, lowerHardmax, lowerPrelu } from './choices.js'
import { joinSums } from './joinedSums.js'
import { lowerComputedScaling, lowerNormalizationStatistics } from './normalizations.js'
import { lowerPow } from './power.js'
import { lowerEinsum } from './products/einsum.js'
import { lowerDft, lowerStft } from './products/fourier.js'
import { lowerFusedMatMul } from './products/fusedMatMul.js'
import { lowerGemm } from './products/gemm.js'
import { lowerMatMul } from './products/matMul.js'
import { lowerScatterSum } from './scatterSum.js'
import { lowerConcatFromSequence, lowerSequenceAt } from './sequences.js'
import { lowerCumSum, lowerReduceLogSum, lowerSum } from './sums.js'
import { lowerCol2Im } from './windows/col2Im.js'
import { lowerConvTranspose } from './windows/convTranspose.js'
import { lowerDeformConv } from './windows/deformConv.js'
import { lowerDynamicConv } from './windows/dynamicConv.js'
import { lowerLpNormalization, lowerLpPools } from './windows/lpPools.js'
import { lowerLrn } from './windows/lrn.js'
import { lowerRoiAlign } from './windows/roiAlign.js'

/** Of operators of ONNX Runtime that ask for ranks or dims; its others are lowered where the model is imported. */
export const contribLowerings: readonly Pass[] = [
  lowerFusedMatMul,
  lowerContribAttention,
  lowerMultiHeadAttention,
  lowerGroupQueryAttention,
  lowerContribRotaryEmbedding,
]

export const lowerings: readonly Pass[] = [
  ...contribLowerings,
  lowerLrn,
  lowerEinsum,
  lowerAttention,
  lowerRotaryEmbedding,
  lowerStft,
  lowerDft,
  lowerCol2Im,
  lowerDeformConv,
  lowerPow,
  lowerRoiAlign,
  lowerCumSum,
  lowerLpPools,
  lowerLpNormalization,
  lowerReduceLogSum,
  lowerCompress,
  lowerHardmax,
  lowerCastLike,
  lowerAffineGrid,
  lowerScatterSum,
  lowerSequenceAt,
  lowerConcatFromSequence,
  lowerNormalizationStatistics,
  lowerClip,
  lowerSum,
]

/**
 * Where no other pass finds anything to do. A ConvTranspose takes in what follows it before it becomes a Conv and moves of values. The others ask
 * whether weights are computed: a branch of an If that was just taken has constants that are nodes yet. Sums of sums may be masks or what other passes know by
 * its Adds until then.
 */
export const lateLowerings: readonly Pass[] = [
  lowerConvTranspose,
  lowerDynamicConv,
  lowerGemm,
  lowerMatMul,
  lowerPrelu,
  lowerComputedScaling,
  joinSums,
]
