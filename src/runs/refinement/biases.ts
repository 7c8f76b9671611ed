// Biases that make up for what rounding the weights does to the mean of an operator's sums: (W - W^) E[x], with the float model's means of the inputs.
// All operators are corrected at once: each as if those before it were right, which their own corrections make them. To correct one after another by
// what they really read takes a pass for each, and was worse on most models (docs/accuracy.md).

import type { HeldSample } from '../../engine/protocol.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { FRACTIONS, type Means, sumOfMeans } from '../../refine/statistics.js'
import { type Fits, type Halves, ofHalves } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherMeans, type PassSetting } from './passes.js'

export async function refineBiases(
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Fits<Refining>,
): Promise<Fits<Plan>> {
  const { fixed } = start.all
  const operators = refinableOperators(start.all.plan)
  const means = await ofHalves(samples, (half) => gatherMeans(setting, { fixed, operators, samples: half }))
  const [first, second] = means
  const all = first.map((one, i) => sumOfMeans(one, second[i]!))
  return {
    halves: [corrected(start.halves[0], operators, first), corrected(start.halves[1], operators, second)],
    all: corrected(start.all, operators, all),
  }
}

function corrected(start: Refining, operators: readonly Refinable[], means: readonly Means[]): Plan {
  const refined = operators.map((operator, i): [number, Refined] => {
    const { planned } = operatorAt(start.plan, start.fixed, operator)
    return [operator.index, { ...planned.refined, bias: neededBias(start, operator, means[i]!) }]
  })
  return withRefined(start.plan, new Map(refined))
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
