import { largestOffset, scalesToMask, scalingParameters } from '../scaling/solve.js'
import type { Family } from '../types.js'
import { emitAffine } from './emit.js'
import { affineOf, type PlannedAffine } from './plan.js'
import { referenceAffine } from './reference.js'
import { type FixedAffine, solveAffine } from './solve.js'

export const affine: Family<PlannedAffine, FixedAffine> = {
  kind: 'affine',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: true,
    gainsFromWide: false,
    wideInSteps: true,
    followsFloat: 'between',
    offset: 'none',
  },
  match: affineOf,
  leastExtreme: largestOffset,
  masks: scalesToMask,
  solve: solveAffine,
  ranges: ({ low, high }) => [[low, high]],
  parameters: scalingParameters,
  emit: emitAffine,
  reference: referenceAffine,
}
