// The operators that refinement has a say in: sums of products with constant weights.

import type { FixedAccumulation, PlannedAccumulation, Refined } from '../../operators/accumulation/types.js'
import { familyOf } from '../../operators/index.js'
import type { Products } from '../../operators/types.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'

export interface Refinable {
  /** Among the plan's operators, and so among those of the fixed-point model. */
  readonly index: number
  readonly input: string
  readonly products: Products
}

/** A quantization on its way: its plan, and the integers that follow from it. */
export interface Refining {
  readonly plan: Plan
  readonly fixed: FixedPointModel
}

export function refinableOperators({ operators, groupOf }: Plan): Refinable[] {
  return operators.flatMap((operator, index): Refinable[] => {
    const products = familyOf(operator).products?.(operator)
    const [input] = operator.inputs
    return products !== undefined && input !== undefined && groupOf.has(input) ? [{ index, input, products }] : []
  })
}

/** An operator before and after its integers are solved. */
export function operatorAt(plan: Plan, fixed: FixedPointModel, { index }: Refinable) {
  const planned = plan.operators[index] as PlannedAccumulation
  const solved = fixed.operators[index] as FixedAccumulation
  const { scale: step, bits } = fixed.quantized.get(planned.inputs[0]!)!
  return { planned, solved, step, bits, integers: familyOf(solved).integerRows!(solved) }
}

/** The plan with what was found for some operators, by their index. */
export function withRefined(plan: Plan, refined: ReadonlyMap<number, Refined>): Plan {
  const operators = plan.operators.map((operator, index) => {
    const found = refined.get(index)
    return found === undefined ? operator : { ...operator, refined: found }
  })
  return { ...plan, operators }
}
