// Products of two activations. The larger factor, and the product with it, may be held less a constant. The chip then computes one more table, of the
// smaller factor, and one more sum (operators/binary/offsets.ts).

import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'

/** A product of two scale groups, by their names. */
export interface Product {
  /** The one with more elements first. */
  readonly factors: readonly [string, string]
  /** Whether both have as many elements, so that either may have an offset. */
  readonly areAlike: boolean
  readonly output: string
}

/** Whether the rewriting knows how to hold one of its factors less a constant. */
export function multiplies(operator: PlannedOperator, { narrowed }: Pick<Plan, 'narrowed'>): boolean {
  const { traits, offsets } = familyOf(operator)
  const isKnown = traits.offset === 'multiplies' && (offsets?.knows?.(operator) ?? true)
  return isKnown && !operator.inputs.some((name) => narrowed.has(name))
}

export function productsOf(plan: Plan, keyOf: (tensor: string) => string): Product[] {
  const sizeOf = (tensor: string) => plan.tensors.get(tensor)!.dims.reduce((size, dim) => size * dim, 1)
  return plan.operators
    .filter((operator) => multiplies(operator, plan))
    .map(({ inputs, outputs }) => {
      const [left, right] = inputs as [string, string]
      const [larger, smaller] = sizeOf(right) > sizeOf(left) ? [right, left] : [left, right]
      const areAlike = sizeOf(left) === sizeOf(right)
      return { factors: [keyOf(larger), keyOf(smaller)], areAlike, output: keyOf(outputs[0]!) }
    })
}

/** How much finer the steps of a factor must be to be worth a sum. */
const LEAST_GAIN = 1.5

/**
 * @param gainOf how much finer the steps of a group are for its offset; undefined where it has none
 * @returns a group that must stay symmetric for the sake of the product
 */
export function refusedBy(
  { factors: [first, second], areAlike, output }: Product,
  gainOf: (group: string) => number | undefined,
): string | undefined {
  const [gain, other] = [gainOf(first), gainOf(second)]
  if (other !== undefined && (gain !== undefined || !areAlike)) return second
  const held = gain ?? other
  if (held === undefined) return gainOf(output) === undefined ? undefined : output
  if (held >= LEAST_GAIN) return undefined
  return gain === undefined ? second : first
}
