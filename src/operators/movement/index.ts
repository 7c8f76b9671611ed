import { union } from '../ranges.js'
import type { Family } from '../types.js'
import { emitMovement } from './emit.js'
import { movementOf, type PlannedMovement } from './plan.js'

export const movement: Family<PlannedMovement, PlannedMovement> = {
  kind: 'movement',
  traits: {
    sharesScale: 'all',
    copiesData: true,
    writesWide: true,
    readsWide: true,
    gainsFromWide: false,
    followsFloat: 'atEdge',
    offset: 'passes',
  },
  match: movementOf,
  solve: (planned) => ({ operator: planned, warnings: [] }),
  // Padding may add zeros; what else it adds may be any integer.
  ranges: ({ outputs, padding }, [input]) =>
    outputs.map(() => (padding === undefined ? union([input!, [0, 0]]) : undefined)),
  parameters: () => ({}),
  emit: emitMovement,
}
