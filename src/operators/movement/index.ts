import { union } from '../ranges.js'
import type { Family } from '../types.js'
import { emitMovement } from './emit.js'
import { movementOf, type PlannedMovement } from './plan.js'

export const movement: Family<PlannedMovement, PlannedMovement> = {
  kind: 'shape',
  traits: { sharesScale: 'all', copiesData: true, writesWide: true, readsWide: true, followsFloat: 'atEdge' },
  match: movementOf,
  solve: (planned) => ({ operator: planned, warnings: [] }),
  // Padding may add zeros.
  ranges: ({ outputs }, [input]) => outputs.map(() => union([input!, [0, 0]])),
  parameters: () => ({}),
  emit: emitMovement,
}
