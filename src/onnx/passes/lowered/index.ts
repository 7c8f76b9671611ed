// Composite operators written as simpler ones, in the order in which they are tried.

import type { Pass } from '../pass.js'
import { lowerAttention, lowerRotaryEmbedding } from './attention.js'
import { lowerAffineGrid, lowerCastLike, lowerCompress, lowerHardmax, lowerPrelu } from './choices.js'
import { lowerCol2Im } from './col2Im.js'
import { lowerConvTranspose } from './convTranspose.js'
import { lowerDynamicConv } from './dynamicConv.js'
import { lowerEinsum } from './einsum.js'
import { lowerDft, lowerStft } from './fourier.js'
import { lowerGemm } from './gemm.js'
import { lowerLpNormalization, lowerLpPools } from './lpPools.js'
import { lowerLrn } from './lrn.js'
import { lowerMatMul } from './matMul.js'
import { lowerCumSum, lowerReduceLogSum } from './sums.js'

export const lowerings: readonly Pass[] = [
  lowerLrn,
  lowerEinsum,
  lowerAttention,
  lowerRotaryEmbedding,
  lowerStft,
  lowerDft,
  lowerCol2Im,
  lowerCumSum,
  lowerLpPools,
  lowerLpNormalization,
  lowerReduceLogSum,
  lowerCompress,
  lowerHardmax,
  lowerCastLike,
  lowerAffineGrid,
]

/**
 * Where no other pass finds anything to do. A ConvTranspose takes in what follows it before it becomes a Conv and moves of values. The others ask
 * whether weights are computed: a branch of an If that was just taken has constants that are nodes yet.
 */
export const lateLowerings: readonly Pass[] = [lowerConvTranspose, lowerDynamicConv, lowerGemm, lowerMatMul, lowerPrelu]
