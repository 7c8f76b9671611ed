import type { Family } from '../types.js'
import { emitPrelu } from './emit.js'
import { type PlannedPrelu, preluOf } from './plan.js'
import { referencePrelu } from './reference.js'
import { type FixedPrelu, solvePrelu } from './solve.js'

export const prelu: Family<PlannedPrelu, FixedPrelu> = {
  kind: 'prelu',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: true,
    // It stands between a convolution and the next: what the convolution writes is rounded to 8 bits once, behind the slope.
    gainsFromWide: true,
    followsFloat: 'between',
    offset: 'none',
  },
  match: preluOf,
  solve: solvePrelu,
  ranges: () => [undefined],
  parameters: ({ above, below, shift }) => ({ above, below: [...below.data], shift }),
  emit: emitPrelu,
  reference: referencePrelu,
}
