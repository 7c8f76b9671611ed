// Biases that make up for what rounding the weights does to the mean of an operator's sums: (W - W^) E[x], with the float model's means of the inputs.
// All operators are corrected at once: each as if those before it were right, which their own corrections make them. To correct one after another by
// what they really read takes a pass for each, and was worse on most models (docs/accuracy.md).

import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { FRACTIONS, type Means } from '../../refine/statistics.js'
import type { Held } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherMeans, type PassSetting } from './passes.js'

export async function refineBiases(setting: PassSetting, { fitted, judging }: Held, start: Refining): Promise<Plan> {
  const { plan, fixed } = start
  const operators = refinableOperators(plan)
  const on = await gatherMeans(setting, { fixed, operators, samples: fitted })
  const by = await gatherMeans(setting, { fixed, operators, samples: judging })
  const refined = operators.map((operator, i): [number, Refined] => {
    const { planned } = operatorAt(plan, fixed, operator)
    return [operator.index, { ...planned.refined, bias: biasOf(start, operator, on[i]!, by[i]!) }]
  })
  return withRefined(plan, new Map(refined))
}

/** Channel by channel, the bias that is nearer to what the judging samples ask for: the one that it has or the corrected one. */
function biasOf(of: Refining, operator: Refinable, fitted: Means, judging: Means): Float32Array {
  const { planned, solved } = operatorAt(of.plan, of.fixed, operator)
  const now = solved.bias ?? planned.bias
  const wanted = neededBias(of, operator, fitted)
  const right = neededBias(of, operator, judging)
  return now.map((bias, c) => (Math.abs(wanted[c]! - right[c]!) < Math.abs(bias - right[c]!) ? wanted[c]! : bias))
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
