import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitLogSum, emitSoftmax } from './emit.js'
import { logSumOf, type PlannedLogSum, type PlannedSoftmax, softmaxOf } from './plan.js'
import { referenceLogSum, referenceSoftmax } from './reference.js'
import { type FixedLogSum, type FixedSoftmax, solveLogSum, solveSoftmax } from './solve.js'

const traits: Traits = {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: true,
  gainsFromWide: true,
  wideInSteps: true,
  followsFloat: 'between',
  offset: 'none',
}

export const softmax: Family<PlannedSoftmax, FixedSoftmax> = {
  kind: 'softmax',
  traits,
  match: softmaxOf,
  solve: solveSoftmax,
  ranges: ({ bounds }) => [[bounds.low, bounds.high]],
  parameters: ({ highTable, lowTable, requantize }) => ({ highTable, lowTable, requantize }),
  emit: emitSoftmax,
  reference: referenceSoftmax,
}

export const logSum: Family<PlannedLogSum, FixedLogSum> = {
  kind: 'logsum',
  traits,
  match: logSumOf,
  solve: solveLogSum,
  ranges: ({ bounds }) => [[bounds.low, bounds.high]],
  parameters: ({ highTable, lowTable, powers, logarithms, requantize, q2 }) => ({
    ...{ highTable, lowTable, powers, logarithms, requantize, q2 },
  }),
  emit: emitLogSum,
  reference: referenceLogSum,
}
