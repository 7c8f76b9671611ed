import { accumulationParameters, accumulationRanges, largestBias, productsInSum } from '../accumulation/solve.js'
import type { Family } from '../types.js'
import { emitLinear, qdqLinear } from './emit.js'
import { linearOffsets } from './offsets.js'
import { largestWeights, linearOf, type PlannedLinear, productsOf } from './plan.js'
import { referenceLinear } from './reference.js'
import { type FixedLinear, integerRows, solveLinear } from './solve.js'

export const linear: Family<PlannedLinear, FixedLinear> = {
  kind: 'matmul',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'absorbs',
  },
  match: linearOf,
  leastExtreme: largestBias,
  depth: productsInSum,
  largestWeights,
  products: productsOf,
  scaleFix: ({ scaleFix }) => scaleFix,
  integerRows,
  solve: solveLinear,
  ranges: accumulationRanges,
  parameters: accumulationParameters,
  emit: emitLinear,
  qdqNode: qdqLinear,
  offsets: linearOffsets,
  reference: referenceLinear,
}
