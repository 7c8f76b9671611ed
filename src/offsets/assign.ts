// Which constant each group of tensors is held less.
//
// Most groups are free to take the offset that makes their steps finest. A sum ties its output's offset to its inputs': (x1 - c1) + (x2 - c2) =
// (x1 + x2) - (c1 + c2). Inputs that a bias or a table writes, and that the sum alone reads, both perhaps through moves of their values, make up the
// difference together. Where the steps of all tensors around the sum make more noise with offsets than without, they stay symmetric. Of a product's
// factors one may have an offset (products.ts).

import type { Plan } from '../plan/types.js'
import { Assignment } from './assignment.js'
import { groupKeys } from './groups.js'
import { type Product, productsOf } from './products.js'
import type { Offset, Range } from './range.js'
import { type Candidate, type Start, startOf } from './start.js'
import { type Sum, sumsOf } from './sums.js'

/** A candidate without an offset is left out. */
export function assignOffsets(
  plan: Plan,
  candidates: readonly Candidate[],
  thresholds: ReadonlyMap<string, number>,
): Map<Candidate, Offset> {
  const keyOf = groupKeys(
    plan,
    candidates.map(({ group }) => group),
  )
  const ranges = new Map(plan.groups.map(({ name, bits }) => [name, symmetric(thresholds.get(name)!, bits)]))
  for (const { group, range } of candidates) ranges.set(group.scaleGroups[0]!.name, range)
  const products = productsOf(plan, keyOf)
  const sums = sumsOf(plan, keyOf, new Set(products.flatMap(({ factors }) => factors)))
  const free = new Map(candidates.map((candidate) => [candidate.group.scaleGroups[0]!.name, candidate]))
  const start = startOf(free, ranges, sums)
  return leastNoise(sums, products, (eager) => assigned(start, products, eager)).result()
}

/**
 * A sum that loses by an offset of its output may be the first of a chain whose later sums gain more. So sums are asked to be eager: all and none of them, then
 * one after the other the other way, as long as that makes less noise.
 */
function leastNoise(
  sums: readonly Sum[],
  products: readonly Product[],
  assign: (eager: ReadonlySet<Sum>) => Assignment,
): Assignment {
  const weighed = sums.filter(({ squeezes }) => !squeezes)
  let eager: ReadonlySet<Sum> = new Set(sums)
  let best = assign(eager)
  let least = best.noise(weighed, products)
  const keepIfBetter = (others: ReadonlySet<Sum>) => {
    const other = assign(others)
    const noise = other.noise(weighed, products)
    if (noise >= least) return
    best = other
    least = noise
    eager = others
  }
  keepIfBetter(new Set(sums.filter(({ squeezes }) => squeezes)))
  for (const sum of weighed) {
    if (best.dependsOn(sum)) keepIfBetter(new Set(sums.filter((one) => eager.has(one) !== (one === sum))))
  }
  return best
}

/** What all sums and products can be met with. */
function assigned(start: Start, products: readonly Product[], eager: ReadonlySet<Sum>): Assignment {
  const assignment = new Assignment(start)
  for (;;) {
    const refused = assignment.take(eager) ?? assignment.refused(products)
    if (refused === undefined) return assignment
    assignment.remove(refused)
  }
}

function symmetric(threshold: number, bits: number): Range {
  return { low: -threshold, high: threshold, threshold, bits }
}
