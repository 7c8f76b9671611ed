import type { Family } from '../types.js'
import { emitSoftmax } from './emit.js'
import { type PlannedSoftmax, softmaxOf } from './plan.js'
import { referenceSoftmax } from './reference.js'
import { type FixedSoftmax, solveSoftmax } from './solve.js'

export const softmax: Family<PlannedSoftmax, FixedSoftmax> = {
  kind: 'softmax',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: true,
    gainsFromWide: true,
    wideInSteps: true,
    followsFloat: 'between',
    offset: 'none',
  },
  match: softmaxOf,
  solve: solveSoftmax,
  ranges: ({ bounds }) => [[bounds.low, bounds.high]],
  parameters: ({ highTable, lowTable, requantize }) => ({ highTable, lowTable, requantize }),
  emit: emitSoftmax,
  reference: referenceSoftmax,
}
