import type { Family } from '../types.js'
import { emitScatter } from './emit.js'
import { type PlannedScatter, scatterOf } from './plan.js'
import { referenceScatter } from './reference.js'
import { type FixedScatter, solveScatter } from './solve.js'

export const scatter: Family<PlannedScatter, FixedScatter> = {
  kind: 'scatter',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  match: scatterOf,
  solve: solveScatter,
  ranges: () => [undefined],
  parameters: ({ q0, requantize }) => ({ q0, requantize }),
  emit: emitScatter,
  reference: referenceScatter,
}
