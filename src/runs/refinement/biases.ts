// Biases that make up for what rounding the weights does to the mean of an operator's sums: (W - W^) E[x], with the float model's means of the inputs.
// All operators are corrected at once: each as if those before it were right, which their own corrections make them. To correct one after another by
// what they really read takes a pass for each, and was worse on most models (docs/accuracy.md).

import type { IntegerArray } from '../../fixedpoint/width.js'
import type { PlannedAccumulation, Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { FRACTIONS, type Means } from '../../refine/statistics.js'
import { type Fits, zipFits } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'

/** @param means of what the operators read, in their order */
export function refineBiases(start: Fits<Refining>, means: Fits<readonly Means[]>): Fits<Plan> {
  const operators = refinableOperators(start.all.plan)
  return zipFits(start, means, (from, of) => corrected(from, operators, of))
}

function corrected({ plan, fixed }: Refining, operators: readonly Refinable[], means: readonly Means[]): Plan {
  const refined = operators.map((operator, i): [number, Refined] => {
    const { planned, solved, step, integers } = operatorAt(plan, fixed, operator)
    const rounded = integers.map((row, c) => ({ scale: solved.weightScales[c]!, integers: row }))
    return [operator.index, { ...planned.refined, bias: biasFor(planned, operator, rounded, step, means[i]!) }]
  })
  return withRefined(plan, new Map(refined))
}

/** The weights of an output channel as integers of a scale. */
export interface RoundedRow {
  readonly scale: number
  readonly integers: IntegerArray
}

/** The bias with which the sums over inputs like the float model's have the float model's mean. */
export function biasFor(
  { bias }: PlannedAccumulation,
  { products: { rows, reading } }: Refinable,
  rounded: readonly RoundedRow[],
  step: number,
  { count, sums }: Means,
): Float32Array {
  const unit = step / (FRACTIONS * count)
  return bias.map((value, c) => {
    const from = Math.floor((c * reading.groups) / rows.length) * reading.depth
    const { scale, integers } = rounded[c]!
    const row = rows[c]!
    let missing = 0
    for (let k = 0; k < row.length; k++) missing += (row[k]! - integers[k]! * scale) * sums[from + k]!
    return value + missing * unit
  })
}
