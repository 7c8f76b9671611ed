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
  // A cube swings beyond the values around it.
  ranges: ({ method }, [input]) => [method === 'cubic' ? undefined : union([input!, [0, 0]])],
  parameters: ({ axes, method, beyond }) => ({
    ...{ method, beyond },
    axes: axes.map(({ places, ...ends }) =>
      'data' in places ? { places: [...places.data], ...ends } : { ...places, ...ends },
    ),
  }),
  emit: emitSampling,
  reference: referenceSampling,
}
