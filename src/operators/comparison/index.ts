import type { Family } from '../types.js'
import { emitComparison } from './emit.js'
import { comparisonOf, type PlannedComparison } from './plan.js'
import { referenceComparison } from './reference.js'
import { type FixedComparison, solveComparison } from './solve.js'

export const comparison: Family<PlannedComparison, FixedComparison> = {
  kind: 'comparison',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: false,
    readsWide: true,
    // Close values are equal in 8 bits.
    gainsFromWide: true,
    followsFloat: 'between',
    offset: 'none',
  },
  decides: true,
  match: comparisonOf,
  solve: solveComparison,
  ranges: () => [],
  parameters: ({ relation, sides }) => ({
    relation,
    sides: sides.map((side) => ('multiplier' in side ? side : { constant: [...side.data] })),
  }),
  emit: emitComparison,
  reference: referenceComparison,
}
