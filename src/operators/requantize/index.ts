import type { Family, PlannedOperator } from '../types.js'
import { emitRequantize } from './emit.js'
import { referenceRequantize } from './reference.js'
import { type FixedRequantize, requantizeRanges, solveRequantize } from './solve.js'

export const requantize: Family<PlannedOperator, FixedRequantize> = {
  kind: 'requantize',
  traits: {
    sharesScale: 'none',
    copiesData: true,
    writesWide: false,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  solve: solveRequantize,
  ranges: requantizeRanges,
  parameters: ({ requantize }) => ({ requantize }),
  emit: emitRequantize,
  reference: referenceRequantize,
}
