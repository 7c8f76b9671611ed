// The operators that refinement has a say in: sums of products with constant weights, those of steps included.

import type { FixedAccumulation, PlannedAccumulation, Refined } from '../../operators/accumulation/types.js'
import { familyOf } from '../../operators/index.js'
import type { FixedOperator, PlannedOperator, Products, ShownSequence } from '../../operators/types.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'

/** Where an operator is: among the plan's operators, or among the steps of one of them. So it is in the fixed-point model. */
interface Place {
  readonly index: number
  readonly step: number | undefined
}

export interface Refinable extends Place {
  /** Of the plan's operators and their steps, one has it. */
  readonly name: string
  /** The tensor of the float graph that holds what the operator reads, maybe in more bits. */
  readonly source: string
  /** Where the source is a sequence of what steps read, which of its elements is not read. */
  readonly sequence: Pick<ShownSequence, 'unread'> | undefined
  readonly products: Products
}

/** A quantization on its way: its plan, and the integers that follow from it. */
export interface Refining {
  readonly plan: Plan
  readonly fixed: FixedPointModel
}

export function refinableOperators({ operators, groupOf, narrowed }: Plan): Refinable[] {
  const wideOf = (tensor: string) => narrowed.get(tensor) ?? tensor
  const isHeld = (tensor: string) => groupOf.has(tensor)
  return operators.flatMap((operator, index): Refinable[] => {
    const inSteps = (operator.steps ?? []).flatMap((step, i): Refinable[] => {
      const products = familyOf(step).products?.(step)
      const shown = products && familyOf(operator).shown?.(operator, wideOf(step.inputs[0]!))
      if (products === undefined || shown === undefined || !isHeld(shown.name)) return []
      const { name: source, unread } = shown
      return [{ index, step: i, name: `${operator.name}/${step.name}`, source, sequence: { unread }, products }]
    })
    const products = familyOf(operator).products?.(operator)
    const source = wideOf(operator.inputs[0] ?? '')
    if (products === undefined || !isHeld(source)) return inSteps
    return [{ index, step: undefined, name: operator.name, source, sequence: undefined, products }]
  })
}

/** An operator before and after its integers are solved. */
export function operatorAt(plan: Plan, fixed: FixedPointModel, place: Place) {
  const planned = at<PlannedOperator>(plan.operators, place) as PlannedAccumulation
  const solved = at<FixedOperator>(fixed.operators, place) as FixedAccumulation
  const { scale: step, bits } = fixed.quantized.get(planned.inputs[0]!)!
  return { planned, solved, step, bits, integers: familyOf(solved).integerRows!(solved) }
}

/** What has been found for an operator so far. */
export function refinedAt({ operators }: Plan, place: Place): Refined | undefined {
  return (at<PlannedOperator>(operators, place) as PlannedAccumulation).refined
}

function at<O extends { readonly steps?: readonly O[] }>(operators: readonly O[], { index, step }: Place): O {
  const operator = operators[index]!
  return step === undefined ? operator : operator.steps![step]!
}

/** The plan with what was found for some operators. */
export function withRefined(plan: Plan, found: Iterable<readonly [Place, Refined]>): Plan {
  const operators = [...plan.operators]
  for (const [{ index, step }, refined] of found) {
    const { steps, ...operator } = operators[index]!
    operators[index] =
      steps === undefined || step === undefined
        ? better(operators[index]!, refined)
        : { ...operator, steps: steps.map((one, i) => (i === step ? better(one, refined) : one)) }
  }
  return { ...plan, operators }
}

function better(operator: PlannedOperator, refined: Refined): PlannedAccumulation {
  return { ...(operator as PlannedAccumulation), refined }
}
