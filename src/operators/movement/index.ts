import { isMasked } from '../masks.js'
import { union } from '../ranges.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitMovement } from './emit.js'
import { movementOffsets } from './offsets.js'
import { movementOf, type PlannedMovement } from './plan.js'

const traits: Traits = {
  sharesScale: 'all',
  copiesData: true,
  writesWide: true,
  readsWide: true,
  gainsFromWide: false,
  followsFloat: 'atEdge',
  offset: 'passes',
}

function familyOf(kind: PlannedMovement['kind'], own: Traits): Family<PlannedMovement, PlannedMovement> {
  return {
    kind,
    traits: own,
    match: (node, view) => movementOf(kind, node, view),
    masks: ({ padding }) => padding !== undefined && isMasked(padding),
    solve: (planned) => ({ operator: planned, warnings: [] }),
    // Padding may add zeros; what else it adds may be any integer.
    ranges: ({ outputs, padding }, [input]) =>
      outputs.map(() => (padding === undefined ? union([input!, [0, 0]]) : undefined)),
    parameters: () => ({}),
    emit: emitMovement,
    offsets: movementOffsets,
  }
}

export const movement = familyOf('movement', traits)

/** Its zeros are zeros, not what tensors are short of. */
export const filling = familyOf('filling', { ...traits, offset: 'none' })
