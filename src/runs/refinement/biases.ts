// Biases that make up for what rounding the weights does to the mean of an operator's sums: (W - W^) E[x], with the float model's means of the inputs.
// All operators are corrected at once: each as if those before it were right, which their own corrections make them. To correct one after another by
// what they really read takes a pass for each, and was worse on most models (docs/experiments.md).

import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { FRACTIONS, type Means } from '../../refine/statistics.js'
import { type Fits, zipFits } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, refinedAt, withRefined } from './operators.js'

/** @param means of what the operators read, in their order */
export function refineBiases(start: Fits<Refining>, means: Fits<readonly Means[]>): Fits<Plan> {
  const operators = refinableOperators(start.all.plan)
  return zipFits(start, means, (from, of) => corrected(from, operators, of))
}

function corrected({ plan, fixed }: Refining, operators: readonly Refinable[], means: readonly Means[]): Plan {
  const found = operators.map((operator, i): [Refinable, Refined] => {
    const bias = neededBias({ plan, fixed }, operator, means[i]!)
    return [operator, { ...refinedAt(plan, operator), bias }]
  })
  return withRefined(plan, found)
}

/** The bias with which the sums over inputs like the float model's have the float model's mean. */
function neededBias({ plan, fixed }: Refining, operator: Refinable, { count, sums }: Means): Float32Array {
  const { planned, solved, step, integers } = operatorAt(plan, fixed, operator)
  const { rows, reading } = operator.products
  const unit = step / (FRACTIONS * count)
  return planned.bias.map((bias, c) => {
    const from = Math.floor((c * reading.groups) / rows.length) * reading.depth
    const scale = solved.weightScales[c]!
    const [row, whole] = [rows[c]!, integers[c]!]
    let missing = 0
    for (let k = 0; k < row.length; k++) missing += (row[k]! - whole[k]! * scale) * sums[from + k]!
    return bias + missing * unit
  })
}
