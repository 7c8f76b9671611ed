import { union } from '../ranges.js'
import type { Family } from '../types.js'
import { emitSampling } from './emit.js'
import { type PlannedSampling, samplingOf } from './plan.js'
import { referenceSampling } from './reference.js'
import { type FixedSampling, solveSampling } from './solve.js'

export const sampling: Family<PlannedSampling, FixedSampling> = {
  kind: 'sampling',
  traits: {
    // What lies between values lies in their range; places have a scale of their own.
    sharesScale: 'first',
    copiesData: true,
    writesWide: true,
    readsWide: true,
    // Places of 8 bits would be off by a value.
    gainsFromWide: true,
    followsFloat: 'between',
    offset: 'none',
  },
  match: samplingOf,
  solve: solveSampling,
  ranges: (_, [input]) => [union([input!, [0, 0]])],
  parameters: ({ axes, interpolates, beyond }) => ({
    ...{ interpolates, beyond },
    axes: axes.map(({ places, low, high }) =>
      'data' in places ? { places: [...places.data], low, high } : { ...places, low, high },
    ),
  }),
  emit: emitSampling,
  reference: referenceSampling,
}
