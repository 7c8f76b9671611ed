import type { Family } from '../types.js'
import { emitFallback } from './emit.js'
import { fallbackOf, type PlannedFallback } from './plan.js'

/** Last in the registry: it takes every node. */
export const fallback: Family<PlannedFallback, PlannedFallback> = {
  kind: 'fallback',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: false,
    readsWide: true,
    gainsFromWide: false,
    followsFloat: 'atEdge',
    offset: 'none',
  },
  // A Where of two constants by what the caller feeds, for one.
  masks: () => true,
  match: (node, view) => fallbackOf(node, view),
  solve: (planned) => ({ operator: planned, warnings: [] }),
  ranges: () => [],
  parameters: ({ reason }) => ({ reason: reason ?? null }),
  emit: emitFallback,
}
