// What a rule of the plan says about a node: an operator that starts there, or why the node cannot be one.

import type { PlannedOperator } from './types.js'

type WithoutName<T> = T extends unknown ? Omit<T, 'name'> : never

/** An operator before it has a name. */
export type Draft = WithoutName<PlannedOperator>

/** The node is of the rule's kind, but the chip has no form of it. */
export interface Refusal {
  readonly refusal: string
}
