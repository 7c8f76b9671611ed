import { addingOffsets } from '../offsets.js'
import type { Family } from '../types.js'
import { emitAveragePool, emitMaxPool } from './emit.js'
import { averageGains, averagePoolOf, maxPoolOf, type PlannedAveragePool, type PlannedMaxPool } from './plan.js'
import { referenceAveragePool, referenceMaxPool } from './reference.js'
import { averageRanges, type FixedAveragePool, type FixedMaxPool, solveAveragePool, solveMaxPool } from './solve.js'

export const maxPool: Family<PlannedMaxPool, FixedMaxPool> = {
  kind: 'maxpool',
  traits: {
    sharesScale: 'all',
    copiesData: true,
    writesWide: false,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'passes',
  },
  match: maxPoolOf,
  solve: solveMaxPool,
  ranges: (_, inputs) => inputs,
  parameters: () => ({}),
  emit: emitMaxPool,
  reference: referenceMaxPool,
}

export const averagePool: Family<PlannedAveragePool, FixedAveragePool> = {
  kind: 'averagepool',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'adds',
  },
  match: averagePoolOf,
  gains: averageGains,
  offsets: addingOffsets,
  solve: solveAveragePool,
  ranges: averageRanges,
  parameters: ({ multiplier: { data }, shift }) => ({
    requantize: { multiplier: data.length === 1 ? data[0] : [...data], shift },
  }),
  emit: emitAveragePool,
  reference: referenceAveragePool,
}
