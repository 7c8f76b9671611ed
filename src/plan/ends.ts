// Tensors whose integers are read as values: at the end of the model, by what runs in float, and where a comparison decides by them.

import { familyOf, isFallback } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'
import { spread } from './steps.js'
import type { Plan, ScaleGroup } from './types.js'

/** A scale at which a value of so many steps is an integer is hardly more than a 256th coarser. */
const LEAST_STEPS = 256

/** The scales of wide tensors that a function of one tensor writes, where they are read as values. */
export class Ends {
  readonly #plan: Plan
  /** Tensors that operators on the chip compute with, and that nothing reads as values. */
  readonly #inside: ReadonlySet<string>

  constructor(plan: Plan) {
    const readsValues = (operator: PlannedOperator) => isFallback(operator) || familyOf(operator).decides === true
    const operators = spread(plan.operators)
    const values = new Set([
      ...plan.outputs,
      ...operators.flatMap((operator) => (readsValues(operator) ? operator.inputs : [])),
    ])
    this.#plan = plan
    this.#inside = new Set(operators.flatMap(({ inputs }) => inputs).filter((name) => !values.has(name)))
  }

  /**
   * The largest magnitude that the functions can write, 0 where there is none: what a probability can come to counts here, not what it came to on
   * calibration samples. A wake word that they lack would be told as 0.5 where 0.25 was the most that they showed.
   * @param writers of the group's tensors
   */
  limitOf({ tensors }: ScaleGroup, writers: readonly PlannedOperator[]): number {
    if (tensors.every((name) => this.#inside.has(name))) return 0
    const limits = writers.map((operator) => familyOf(operator).limit?.(operator) ?? 0)
    return Math.max(0, ...limits.filter(Number.isFinite))
  }

  /**
   * The finest scale from `finest` on at which what a function writes for 0 is an integer, and the same float32 again when it is dequantized: a logit of 0
   * has a probability of 0.5 then, which `p >= 0.5` finds, and not of 0.49998. Of a tensor's 32767 integers that costs a few. Where the value is few steps,
   * the scale stays: the step could become nearly twice as large.
   * @param writers of the group's tensors
   */
  withExactZeros({ tensors }: ScaleGroup, writers: readonly PlannedOperator[], finest: number): number {
    if (tensors.every((name) => this.#inside.has(name))) return finest
    const value = writers.map((writer) => this.#atZero(writer)).find((one) => one >= LEAST_STEPS * finest)
    if (value === undefined || value === Number.POSITIVE_INFINITY) return finest
    for (let integer = Math.floor(value / finest); integer > 0; integer--) {
      const scale = Math.fround(value / integer)
      if (scale >= finest && Math.fround(integer * scale) === Math.fround(value)) return scale
    }
    return finest
  }

  /** The magnitude of what a function writes for 0; of what is none, 0. */
  #atZero(operator: PlannedOperator): number {
    const zero = -(this.#plan.offsets?.get(operator.inputs[0]!) ?? 0)
    return Math.abs(familyOf(operator).evaluate?.(operator)(zero) ?? 0)
  }
}
