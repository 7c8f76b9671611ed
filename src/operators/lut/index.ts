import type { Family } from '../types.js'
import { isAtMostTwiceAsSteep } from './derivation.js'
import { emitLut } from './emit.js'
import { integral } from './functions.js'
import { lutOffsets } from './offsets.js'
import { lutOf, type PlannedLut } from './plan.js'
import { referenceLut } from './reference.js'
import { type FixedLut, lutRanges, solveLut } from './solve.js'

export const lut: Family<PlannedLut, FixedLut> = {
  kind: 'lut',
  traits: {
    sharesScale: 'none',
    copiesData: false,
    writesWide: true,
    readsWide: false,
    gainsFromWide: false,
    wideInSteps: true,
    followsFloat: 'between',
    offset: 'absorbs',
  },
  match: lutOf,
  derivation: ({ inputs, outputs, evaluate }) =>
    isAtMostTwiceAsSteep(evaluate) ? { input: inputs[0]!, output: outputs[0]!, evaluate } : undefined,
  givesIntegers: ({ nodes }) => integral.has(nodes.at(-1)!.opType),
  solve: solveLut,
  ranges: lutRanges,
  parameters: ({ label, table, segmentBits, fractionBits }) => ({
    ...{ kind: 'table', label, table: [...table] },
    ...(segmentBits > 0 && { segmentBits }),
    ...(fractionBits > 0 && { fractionBits }),
  }),
  emit: emitLut,
  evaluate: ({ evaluate }) => evaluate,
  offsets: lutOffsets,
  reference: referenceLut,
}
