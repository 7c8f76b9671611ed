import { addingOffsets } from '../offsets.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitExtreme, emitSum } from './emit.js'
import { extremeOf, type PlannedExtreme, type PlannedSum, sumGains, sumOf } from './plan.js'
import { referenceExtreme, referenceSum } from './reference.js'
import { type FixedExtreme, type FixedSum, solveExtreme, solveSum, sumRanges } from './solve.js'

const traits: Traits = {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: false,
  gainsFromWide: false,
  followsFloat: 'never',
  offset: 'adds',
}

function familyOf(kind: PlannedSum['kind'], own: Traits): Family<PlannedSum, FixedSum> {
  return {
    kind,
    traits: own,
    match: (node, view) => sumOf(kind, node, view),
    gains: sumGains,
    offsets: addingOffsets,
    solve: solveSum,
    ranges: sumRanges,
    parameters: ({ addend, axes, inputShift, rootBits, q0, requantize }) => ({
      ...{ addend, axes },
      ...(inputShift > 0 && { inputShift }),
      ...(addend === 'norm' && { rootBits }),
      ...{ q0, requantize },
    }),
    emit: emitSum,
    reference: referenceSum,
  }
}

export const sum = familyOf('sum', traits)

/** As wide as the logarithm behind it may ask for: of a spectrum in 8 bits a loud sound leaves nothing of the quiet ones. */
export const norm = familyOf('norm', { ...traits, readsWide: true, gainsFromWide: 'behind' })

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
