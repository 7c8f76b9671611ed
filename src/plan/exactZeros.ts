import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from './types.js'

/** A scale at which a value of so many steps is an integer is hardly more than a 256th coarser. */
const LEAST_STEPS = 256

/**
 * The finest scale from `finest` on at which what a function writes for 0 is an integer, and the same float32 again when it is dequantized: a logit of 0
 * has a probability of 0.5 then, which `p >= 0.5` finds, and not of 0.49998. Of a tensor's 32767 integers that costs a few. Where the value is few steps,
 * the scale stays: the step could become nearly twice as large.
 * @param writers of the tensors that have the scale
 * @param offsets of tensors that hold values less a constant
 */
export function withExactZeros(writers: readonly PlannedOperator[], finest: number, offsets: Plan['offsets']): number {
  const values = writers.map((operator) => {
    const zero = -(offsets?.get(operator.inputs[0]!) ?? 0)
    return Math.abs(familyOf(operator).evaluate?.(operator)(zero) ?? 0)
  })
  const value = values.find((one) => one >= LEAST_STEPS * finest && one < Number.POSITIVE_INFINITY)
  if (value === undefined) return finest
  for (let integer = Math.floor(value / finest); integer > 0; integer--) {
    const scale = Math.fround(value / integer)
    if (scale >= finest && Math.fround(integer * scale) === Math.fround(value)) return scale
  }
  return finest
}
