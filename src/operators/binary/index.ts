import { addingOffsets } from '../offsets.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { emitAdd, emitMul } from './emit.js'
import { mulOffsets } from './offsets.js'
import { addGains, binaryOf, type PlannedBinary } from './plan.js'
import { referenceAdd, referenceMul } from './reference.js'
import { type FixedAdd, type FixedMul, solveAdd, solveMul } from './solve.js'

const traits: Traits = {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: false,
  gainsFromWide: false,
  wideInSteps: true,
  followsFloat: 'between',
  offset: 'multiplies',
}

export const add: Family<PlannedBinary, FixedAdd> = {
  kind: 'add',
  // A residual stream stays wide from one normalization to the next.
  traits: { ...traits, readsWide: true, offset: 'adds' },
  match: (node, view) => binaryOf('add', node, view),
  gains: addGains,
  offsets: addingOffsets,
  solve: solveAdd,
  ranges: ({ low, high }) => [[low, high]],
  parameters: ({ requantize, q2, low, high }) => ({ requantize, q2, low, high }),
  emit: emitAdd,
  reference: referenceAdd,
}

export const mul: Family<PlannedBinary, FixedMul> = {
  kind: 'mul',
  traits,
  match: (node, view) => binaryOf('mul', node, view),
  offsets: mulOffsets,
  solve: solveMul,
  ranges: ({ low, high }) => [[low, high]],
  parameters: ({ requantize, low, high }) => ({ requantize, low, high }),
  emit: emitMul,
  reference: referenceMul,
}
