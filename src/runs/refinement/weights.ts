// Integer weights that together change an operator's sums least over the samples, and the biases that go with them.

import { rangeOf } from '../../fixedpoint/width.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { blocksOf, MOST_PRODUCTS, productsOf } from '../../refine/blocks.js'
import type { Gram } from '../../refine/statistics.js'
import type { Held } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherGrams, type PassSetting } from './passes.js'

/** Patches of each operator in its Gram matrix, over all samples. */
const PATCHES = 20_000

export async function refineWeights(setting: PassSetting, { fitted, judging }: Held, start: Refining): Promise<Plan> {
  const { fixed } = start
  const patches = Math.ceil(PATCHES / fitted.length)
  const refined = new Map<number, Refined>()
  for (const operators of passesOf(refinableOperators(start.plan))) {
    const on = await gatherGrams(setting, { fixed, operators, samples: fitted }, patches)
    const by = await gatherGrams(setting, { fixed, operators, samples: judging }, patches)
    const found = operators.map(async (operator, i) => {
      refined.set(operator.index, await refineOperator(setting, start, operator, on[i]!, by[i]!))
    })
    await Promise.all(found)
  }
  return withRefined(start.plan, refined)
}

/** Operators whose Gram matrices are in memory at once: of 64 MiB, for the samples that are fitted to, those that judge and every worker. */
export function weightPasses(plan: Plan): number {
  return passesOf(refinableOperators(plan)).length
}

function passesOf(operators: readonly Refinable[]): Refinable[][] {
  const passes: Refinable[][] = []
  let room = 0
  for (const operator of operators) {
    const { reading } = operator.products
    const size = reading.groups * productsOf(blocksOf(reading))
    if (size > room) {
      passes.push([])
      room = MOST_PRODUCTS
    }
    room -= size
    passes.at(-1)!.push(operator)
  }
  return passes
}

async function refineOperator(
  { pool }: PassSetting,
  { plan, fixed }: Refining,
  operator: Refinable,
  fitted: Gram,
  judging: Gram,
): Promise<Refined> {
  const { planned, solved, step, integers } = operatorAt(plan, fixed, operator)
  const { rows: real, reading } = operator.products
  const rows = real.map((weights, c) => ({ weights, scale: solved.weightScales[c]!, nearest: integers[c]! }))
  const [, limit] = rangeOf(8 * integers[0]!.BYTES_PER_ELEMENT)
  const request = { reading, rows, limit, fitted, judging }
  const descended = await pool.descend({ kind: 'descend', request })
  const bias = planned.bias.map((value, c) => {
    const from = Math.floor((c * reading.groups) / rows.length) * reading.depth
    const { weights, scale } = rows[c]!
    const whole = descended.integers[c]!
    let lost = 0
    for (let k = 0; k < weights.length; k++) lost += (weights[k]! - whole[k]! * scale) * fitted.codes[from + k]!
    return value + (lost * step) / fitted.count
  })
  return { bias, rows: rows.map(({ scale }, c) => ({ scale, integers: descended.integers[c]! })) }
}
