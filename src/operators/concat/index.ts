import { partsMask } from '../masks.js'
import { partParameters, partsRange } from '../parts.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitConcat } from './emit.js'
import { concatOffsets } from './offsets.js'
import { concatOf, type PlannedConcat } from './plan.js'
import { referenceConcat } from './reference.js'
import { type FixedConcat, solveConcat } from './solve.js'

function familyOf(kind: PlannedConcat['kind'], traits: Traits): Family<PlannedConcat, FixedConcat> {
  return {
    kind,
    traits,
    match: (node, view) => concatOf(kind, node, view),
    masks: ({ parts }) => partsMask(parts),
    solve: solveConcat,
    ranges: ({ parts }, inputs, [output]) => [partsRange(parts, inputs, output!)],
    parameters: ({ parts }) => ({ requantize: partParameters(parts) }),
    emit: emitConcat,
    offsets: concatOffsets,
    reference: referenceConcat,
  }
}

export const concat = familyOf('concat', {
  sharesScale: 'sole',
  copiesData: true,
  writesWide: true,
  readsWide: true,
  gainsFromWide: false,
  followsFloat: 'atEdge',
  offset: 'joins',
})

/** Its output is observed, since the constants are part of it. */
export const concatConstant = familyOf('concatconstant', {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: false,
  gainsFromWide: false,
  followsFloat: 'atEdge',
  offset: 'none',
})
