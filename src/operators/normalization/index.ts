import { largestOffset, scalingParameters } from '../scaling/solve.js'
import type { Family } from '../types.js'
import { emitNormalization } from './emit.js'
import { normalizationOf, type PlannedNormalization } from './plan.js'
import { referenceNormalization } from './reference.js'
import { type FixedNormalization, solveNormalization } from './solve.js'

export const normalization: Family<PlannedNormalization, FixedNormalization> = {
  kind: 'normalization',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: true,
    gainsFromWide: true,
    wideInSteps: true,
    followsFloat: 'never',
    offset: 'none',
  },
  match: normalizationOf,
  leastExtreme: largestOffset,
  solve: solveNormalization,
  ranges: ({ scaling }) => [[scaling.low, scaling.high]],
  parameters: ({ varianceShift, centeredShift, epsilonInt, scaling }) => ({
    varianceShift,
    ...(centeredShift > 0 && { centeredShift }),
    epsilon: epsilonInt,
    ...scalingParameters(scaling),
  }),
  emit: emitNormalization,
  reference: referenceNormalization,
}
