// Integer weights that together change an operator's sums least over the samples, and the biases that go with them.

import type { HeldSample } from '../../engine/protocol.js'
import { type IntegerArray, rangeOf } from '../../fixedpoint/width.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { blocksOf, MOST_PRODUCTS, productsOf } from '../../refine/blocks.js'
import type { Gram } from '../../refine/statistics.js'
import { type Fits, type Halves, mapFits, ofHalves, sizeOf } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherGrams, type PassSetting } from './passes.js'

/** Patches of each operator in its Gram matrix, over all samples. */
const PATCHES = 20_000

export async function refineWeights(
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Fits<Refining>,
): Promise<Fits<Plan>> {
  const { plan, fixed } = start.all
  const patches = Math.ceil(PATCHES / sizeOf(samples))
  const refined = { halves: [new Map(), new Map()], all: new Map() } satisfies Fits<Map<number, Refined>>
  for (const operators of passesOf(refinableOperators(plan))) {
    const [first, second] = await ofHalves(samples, (half) =>
      gatherGrams(setting, { fixed, operators, samples: half }, patches),
    )
    const found = operators.map(async (operator, i) => {
      const fits = await refineOperator(setting, start.all, operator, [first[i]!, second[i]!])
      for (const half of [0, 1] as const) refined.halves[half].set(operator.index, fits.halves[half])
      refined.all.set(operator.index, fits.all)
    })
    await Promise.all(found)
  }
  return mapFits(refined, (one) => withRefined(plan, one))
}

/** Operators whose Gram matrices are in memory at once: of 64 MiB, for each half of the samples and every worker. */
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
  grams: Halves<Gram>,
): Promise<Fits<Refined>> {
  const { planned, solved, step, integers } = operatorAt(plan, fixed, operator)
  const { rows: real, reading } = operator.products
  const rows = real.map((weights, c) => ({ weights, scale: solved.weightScales[c]!, nearest: integers[c]! }))
  const [, limit] = rangeOf(8 * integers[0]!.BYTES_PER_ELEMENT)
  const descended = await pool.descend({ kind: 'descend', request: { reading, rows, limit, grams } })
  const refinedBy = (chosen: readonly IntegerArray[], { count, codes }: Pick<Gram, 'count' | 'codes'>): Refined => {
    const bias = planned.bias.map((value, c) => {
      const from = Math.floor((c * reading.groups) / rows.length) * reading.depth
      const { weights, scale } = rows[c]!
      let lost = 0
      for (let k = 0; k < weights.length; k++) lost += (weights[k]! - chosen[c]![k]! * scale) * codes[from + k]!
      return value + (lost * step) / count
    })
    return { bias, rows: rows.map(({ scale }, c) => ({ scale, integers: chosen[c]! })) }
  }
  const [first, second] = grams
  return {
    halves: [refinedBy(descended.halves[0], first), refinedBy(descended.halves[1], second)],
    all: refinedBy(descended.all, {
      count: first.count + second.count,
      codes: first.codes.map((sum, k) => sum + second.codes[k]!),
    }),
  }
}
