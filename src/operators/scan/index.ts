import type { Family } from '../types.js'
import { emitScan, emitState, qdqScan } from './emit.js'
import { type PlannedScan, scanOf } from './plan.js'
import { referenceScan } from './reference.js'
import { shownSequence } from './shown.js'
import { type FixedScan, type FixedState, solveScan, solveState } from './solve.js'
import type { PlannedState } from './state.js'

/** Only its steps read and write integers. */
export const scan: Family<PlannedScan, FixedScan> = {
  kind: 'scan',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: false,
    readsWide: false,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  match: scanOf,
  shown: shownSequence,
  solve: solveScan,
  ranges: () => [],
  parameters: ({ length, steps }) => ({ length, steps: steps.map(({ name }) => name) }),
  emit: emitScan,
  qdqNode: qdqScan,
  reference: referenceScan,
}

/** The first of the steps of a Scan. */
export const state: Family<PlannedState, FixedState> = {
  kind: 'state',
  traits: {
    sharesScale: 'first',
    copiesData: true,
    writesWide: true,
    readsWide: true,
    gainsFromWide: false,
    followsFloat: 'never',
    offset: 'none',
  },
  leastExtreme: ({ initial }) => initial?.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0,
  solve: solveState,
  ranges: () => [],
  parameters: ({ initial, requantize }) => ({
    ...(initial !== undefined && { initial: [...initial.data] }),
    requantize: requantize ?? null,
  }),
  emit: emitState,
}
