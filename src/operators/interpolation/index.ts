import type { Family } from '../types.js'
import { emitInterpolation } from './emit.js'
import { interpolationOf, type PlannedInterpolation } from './plan.js'
import { referenceInterpolation } from './reference.js'
import { type FixedInterpolation, solveInterpolation } from './solve.js'

export const interpolation: Family<PlannedInterpolation, FixedInterpolation> = {
  kind: 'interpolation',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'between',
    offset: 'averages',
  },
  match: interpolationOf,
  solve: solveInterpolation,
  ranges: ({ low, high }) => [[low, high]],
  parameters: ({ resamplings, q0, requantize }) => ({
    axes: resamplings.map(({ axis, from, to, fractionBits }) => ({ axis, from, to, fractionBits })),
    ...{ q0, requantize },
  }),
  emit: emitInterpolation,
  reference: referenceInterpolation,
}
