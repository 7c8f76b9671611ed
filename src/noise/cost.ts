// What an operator costs the chip, in multiplications.

import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'

/** Products that an operator sums up. Where it sums none, the values that it reads or writes, whichever are more: at least 1. */
export function costOf(operator: PlannedOperator, plan: Pick<Plan, 'tensors'>): number {
  if (operator.steps) return operator.steps.reduce((sum, step) => sum + costOf(step, plan), 0)
  const valuesOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + size(plan.tensors.get(name)?.dims ?? []), 0)
  const written = valuesOf(operator.outputs)
  const depth = depthOf(operator)
  return Math.max(1, depth === undefined ? Math.max(valuesOf(operator.inputs), written) : written * depth)
}

/** Products in each sum; undefined where an operator makes none. */
function depthOf(operator: PlannedOperator): number | undefined {
  if ('depth' in operator) return operator.depth as number
  if (!('weights' in operator && 'bias' in operator)) return undefined
  const { weights, bias } = operator as { weights: { data: ArrayLike<number> }; bias: ArrayLike<number> }
  return weights.data.length / bias.length
}

function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}
