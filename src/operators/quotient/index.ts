import type { Family } from '../types.js'
import { emitQuotient } from './emit.js'
import { type PlannedQuotient, quotientOf } from './plan.js'
import { referenceQuotient } from './reference.js'
import { type FixedQuotient, solveQuotient } from './solve.js'

export const quotient: Family<PlannedQuotient, FixedQuotient> = {
  kind: 'quotient',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: true,
    // A small divisor of 8 bits is far off.
    gainsFromWide: true,
    followsFloat: 'between',
    offset: 'none',
  },
  match: quotientOf,
  solve: solveQuotient,
  ranges: ({ low, high }) => [[low, high]],
  parameters: ({ requantize, low, high }) => ({ requantize, low, high }),
  emit: emitQuotient,
  reference: referenceQuotient,
}
