import { isMasked } from '../masks.js'
import type { Traits } from '../traits.js'
import type { Family } from '../types.js'
import { isAtMostTwiceAsSteep } from './derivation.js'
import { emitLut, liftZero } from './emit.js'
import { integral, limits } from './functions.js'
import { lutOffsets } from './offsets.js'
import { lutOf, type PlannedLut } from './plan.js'
import { referenceLut } from './reference.js'
import { type FixedLut, lutRanges, solveLut } from './solve.js'

const traits: Traits = {
  sharesScale: 'none',
  copiesData: false,
  writesWide: true,
  readsWide: false,
  gainsFromWide: false,
  wideInSteps: true,
  followsFloat: 'between',
  offset: 'absorbs',
}

function familyOf(kind: PlannedLut['kind'], own: Traits): Family<PlannedLut, FixedLut> {
  return {
    kind,
    traits: own,
    match: (node, view) => lutOf(kind, node, view),
    derivation: ({ inputs, outputs, evaluate }) =>
      isAtMostTwiceAsSteep(evaluate) ? { input: inputs[0]!, output: outputs[0]!, evaluate } : undefined,
    // Of the zeros and ones of a mask.
    masks: ({ evaluate }) => [-1, 0, 1].some((x) => isMasked(evaluate(x))),
    givesIntegers: ({ nodes }) => integral.has(nodes.at(-1)!.opType),
    solve: solveLut,
    ranges: lutRanges,
    parameters: ({ label, table, spacing, fractionBits, zero }) => ({
      ...{ kind: 'table', label, table: [...table] },
      ...(spacing && (spacing.kind === 'even' ? { segmentBits: spacing.bits } : { octaveBits: spacing.bits })),
      ...(fractionBits > 0 && { fractionBits }),
      ...(zero > 0 && { zero }),
    }),
    emit: emitLut,
    qdqInput: liftZero,
    evaluate: ({ evaluate }) => evaluate,
    limit: ({ nodes }) => limits[nodes.at(-1)!.opType] ?? Number.POSITIVE_INFINITY,
    offsets: lutOffsets,
    reference: referenceLut,
  }
}

export const lut = familyOf('lut', traits)

/** A logarithm makes much of small differences near zero: 8 bits round them away. */
export const steepLut: Family<PlannedLut, FixedLut> = {
  ...familyOf('steeplut', { ...traits, readsWide: true, gainsFromWide: true }),
  readsSmallValues: true,
}
