// Which tensors' statistics follow from others'.

import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import { traceRoots, trafficOf } from './groups.js'
import { spread } from './steps.js'
import type { DerivedTensor } from './types.js'

/** Output -> what it is derived from. */
export function derivedTensors(operators: readonly PlannedOperator[]): ReadonlyMap<string, DerivedTensor> {
  const all = spread(operators)
  const rootsOf = traceRoots(trafficOf(all).writer)
  const derived = new Map<string, DerivedTensor>()
  for (const operator of all) {
    const derivation = familyOf(operator).derivation?.(operator)
    if (!derivation) continue
    const { input, output, evaluate } = derivation
    derived.set(output, { of: [...rootsOf(input)], evaluate })
  }
  return derived
}
