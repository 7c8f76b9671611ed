// Integer weights that together change an operator's sums least over the samples.

import type { HeldSample } from '../../engine/protocol.js'
import { type IntegerArray, rangeOf } from '../../fixedpoint/width.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import { blocksOf, MOST_PRODUCTS, productsOf } from '../../refine/blocks.js'
import type { Gram } from '../../refine/statistics.js'
import { type Fits, type Halves, mapFits, ofHalves, sizeOf, zipFits } from './held.js'
import { operatorAt, type Refinable, type Refining, refinableOperators, withRefined } from './operators.js'
import { gatherGrams, type PassSetting } from './passes.js'

/** Patches of each operator in its Gram matrix, over all samples. */
const PATCHES = 20_000

/** The biases are those of the start: they are to be refined for the new weights. */
export async function refineWeights(
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Fits<Refining>,
): Promise<Fits<Plan>> {
  const { plan, fixed } = start.all
  const patches = Math.ceil(PATCHES / sizeOf(samples))
  const refined: Fits<Map<Refinable, Refined>> = { halves: [new Map(), new Map()], all: new Map() }
  for (const operators of passesOf(refinableOperators(plan))) {
    const [first, second] = await ofHalves(samples, (half) =>
      gatherGrams(setting, { plan, fixed, operators, samples: half }, patches),
    )
    const found = operators.map(async (operator, i) => {
      const fits = await refineOperator(setting, start.all, operator, [first[i]!, second[i]!])
      zipFits(refined, fits, (into, one) => into.set(operator, one))
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
): Promise<Fits<Refined>> {
  const { planned, solved, integers: nearest } = operatorAt(plan, fixed, operator)
  const { rows: real, reading } = operator.products
  const scales = solved.weightScales
  const rows = real.map((weights, c) => ({ weights, scale: scales[c]!, nearest: nearest[c]! }))
  const [, limit] = rangeOf(8 * nearest[0]!.BYTES_PER_ELEMENT)
  const chosen = await pool.descend({ kind: 'descend', request: { reading, rows, limit, grams } })
  return mapFits<readonly IntegerArray[], Refined>(chosen, (integers) => ({
    bias: planned.refined?.bias ?? solved.bias ?? planned.bias,
    rows: integers.map((row, c) => ({ scale: scales[c]!, integers: row })),
  }))
}
