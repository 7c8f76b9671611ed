// Integer weights that together change an operator's sums least over the samples, with the biases that go with them.

import type { HeldSample } from '../../engine/protocol.js'
import { type IntegerArray, rangeOf } from '../../fixedpoint/width.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { blocksOf, MOST_PRODUCTS, productsOf } from '../../refine/blocks.js'
import type { Gram, Means } from '../../refine/statistics.js'
import { biasFor } from './biases.js'
import { type Fits, type Halves, mapFits, ofHalves, sizeOf, zipFits } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherGrams, type PassSetting } from './passes.js'

/** Patches of each operator in its Gram matrix, over all samples. */
const PATCHES = 20_000

/** @param means of what the operators read, in their order */
export async function refineWeights(
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Fits<Refining>,
  means: Fits<readonly Means[]>,
): Promise<Fits<Plan>> {
  const { plan, fixed } = start.all
  const patches = Math.ceil(PATCHES / sizeOf(samples))
  const refined: Fits<Map<number, Refined>> = { halves: [new Map(), new Map()], all: new Map() }
  const all = refinableOperators(plan)
  for (const operators of passesOf(all)) {
    const [first, second] = await ofHalves(samples, (half) =>
      gatherGrams(setting, { fixed, operators, samples: half }, patches),
    )
    const found = operators.map(async (operator, i) => {
      const own = mapFits(means, (of) => of[all.indexOf(operator)]!)
      const fits = await refineOperator(setting, start.all, operator, [first[i]!, second[i]!], own)
      zipFits(refined, fits, (into, one) => into.set(operator.index, one))
    })
    await Promise.all(found)
  }
  return zipFits(start, refined, (from, one) => withRefined(from.plan, one))
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
  means: Fits<Means>,
): Promise<Fits<Refined>> {
  const { planned, solved, step, integers: nearest } = operatorAt(plan, fixed, operator)
  const { rows: real, reading } = operator.products
  const scales = solved.weightScales
  const rows = real.map((weights, c) => ({ weights, scale: scales[c]!, nearest: nearest[c]! }))
  const [, limit] = rangeOf(8 * nearest[0]!.BYTES_PER_ELEMENT)
  const chosen = await pool.descend({ kind: 'descend', request: { reading, rows, limit, grams } })
  return zipFits<readonly IntegerArray[], Means, Refined>(chosen, means, (integers, of) => {
    const rounded = integers.map((row, c) => ({ scale: scales[c]!, integers: row }))
    return { bias: biasFor(planned, operator, rounded, step, of), rows: rounded }
  })
}
