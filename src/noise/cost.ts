// What an operator costs the chip, in multiplications.

import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'

/** Products that an operator sums up. Where it sums none, the values that it reads or writes, whichever are more: at least 1. */
export function costOf(operator: PlannedOperator, plan: Pick<Plan, 'tensors'>): number {
  if (operator.steps) return operator.steps.reduce((sum, step) => sum + costOf(step, plan), 0)
  const valuesOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + size(plan.tensors.get(name)?.dims ?? []), 0)
  const written = valuesOf(operator.outputs)
  const depth = familyOf(operator).depth?.(operator)
  return Math.max(1, depth === undefined ? Math.max(valuesOf(operator.inputs), written) : written * depth)
}

function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}
