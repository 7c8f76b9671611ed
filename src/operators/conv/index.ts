import { accumulationParameters, accumulationRanges, largestBias, productsInSum } from '../accumulation/solve.js'
import type { Family } from '../types.js'
import { emitConv, qdqConv } from './emit.js'
import { convOffsets } from './offsets.js'
import { channelwiseOf, convOf, largestWeights, type PlannedConv, productsOf } from './plan.js'
import { referenceConv } from './reference.js'
import { type FixedConv, integerRows, solveConv } from './solve.js'

export const conv: Family<PlannedConv, FixedConv> = {
  kind: 'conv',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'absorbs',
  },
  match: convOf,
  leastExtreme: largestBias,
  depth: productsInSum,
  largestWeights,
  products: productsOf,
  scaleFix: ({ scaleFix }) => scaleFix,
  integerRows,
  solve: solveConv,
  ranges: accumulationRanges,
  parameters: accumulationParameters,
  emit: emitConv,
  qdqNode: qdqConv,
  offsets: convOffsets,
  reference: referenceConv,
}

/** Arithmetic with constants of one value a channel is a depthwise convolution. */
export const channelwise: Family<PlannedConv, FixedConv> = { ...conv, match: channelwiseOf }
