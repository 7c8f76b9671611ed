import type { Family } from '../types.js'
import { emitLookup } from './emit.js'
import { lookupOf, type PlannedLookup } from './plan.js'
import { type FixedLookup, solveLookup } from './solve.js'

/** Without a reference: integers are moved, not computed. */
export const lookup: Family<PlannedLookup, FixedLookup> = {
  kind: 'lookup',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  match: lookupOf,
  solve: solveLookup,
  ranges: () => [undefined],
  parameters: ({ rows }) => ({ rows: rows.dims }),
  emit: emitLookup,
}
