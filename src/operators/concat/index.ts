import type { Family } from '../types.js'
import { emitConcat } from './emit.js'
import { concatOf, type PlannedConcat } from './plan.js'
import { referenceConcat } from './reference.js'
import { concatRanges, type FixedConcat, solveConcat } from './solve.js'

export const concat: Family<PlannedConcat, FixedConcat> = {
  kind: 'concat',
  traits: {
    sharesScale: 'sole',
    copiesData: true,
    writesWide: false,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'atEdge',
    offset: 'passes',
  },
  match: concatOf,
  solve: solveConcat,
  ranges: concatRanges,
  parameters: ({ requantize }) => ({ requantize: requantize.map((by) => by ?? null) }),
  emit: emitConcat,
  reference: referenceConcat,
}
