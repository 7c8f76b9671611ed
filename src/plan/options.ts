// What a plan depends on besides the model.

import type { ChipProfile } from '../fixedpoint/types.js'
import type { PlannedOperator } from '../operators/types.js'

export interface PlanOptions {
  readonly chip: ChipProfile
  /** In how many bits an operator computes: one of the chip's widths. */
  bitsOf(operator: PlannedOperator): number
  /** All inputs of a concat get its scale, also those that others read (-uis). */
  readonly unifyInputs?: boolean
  /** Tensors that an operator ends at: nodes before and behind one never become one operator. */
  readonly kept?: ReadonlySet<string>
}

export function oneWidth(chip: ChipProfile, bits: number): PlanOptions {
  return { chip, bitsOf: () => bits }
}
