// Operators with steps, seen as their steps.

import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { PlanOptions } from './options.js'

/** The operators with those that have steps replaced by these: they read and write the same tensors. */
export function spread(operators: readonly PlannedOperator[]): PlannedOperator[] {
  return operators.flatMap((operator) => operator.steps ?? [operator])
}

/** In how many bits operators and their steps compute. */
export function widthsOf(operators: readonly PlannedOperator[], { chip, bitsOf }: PlanOptions): PlanOptions['bitsOf'] {
  const ofSteps = new Map(
    operators.flatMap((operator) =>
      (operator.steps ?? []).map((step) => {
        const bits = bitsOf(operator)
        return [step, familyOf(step).traits.wideInSteps ? Math.max(bits, chip.wideBits) : bits] as const
      }),
    ),
  )
  return (operator) => ofSteps.get(operator) ?? bitsOf(operator)
}
