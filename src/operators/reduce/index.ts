import { addingOffsets } from '../offsets.js'
import type { Family } from '../types.js'
import { emitExtreme, emitSum } from './emit.js'
import { extremeOf, type PlannedExtreme, type PlannedSum, sumGains, sumOf } from './plan.js'
import { referenceExtreme, referenceSum } from './reference.js'
import { type FixedExtreme, type FixedSum, solveExtreme, solveSum, sumRanges } from './solve.js'

export const sum: Family<PlannedSum, FixedSum> = {
  kind: 'sum',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'adds',
  },
  match: sumOf,
  gains: sumGains,
  offsets: addingOffsets,
  solve: solveSum,
  ranges: sumRanges,
  parameters: ({ addend, axes, rootBits, q0, requantize }) => ({
    ...{ addend, axes },
    ...(addend === 'norm' && { rootBits }),
    ...{ q0, requantize },
  }),
  emit: emitSum,
  reference: referenceSum,
}

export const extreme: Family<PlannedExtreme, FixedExtreme> = {
  kind: 'extreme',
  traits: {
    sharesScale: 'all',
    copiesData: true,
    writesWide: false,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'passes',
  },
  match: extremeOf,
  solve: solveExtreme,
  ranges: (_, inputs) => inputs,
  parameters: ({ extreme, axes }) => ({ extreme, axes }),
  emit: emitExtreme,
  reference: referenceExtreme,
}
