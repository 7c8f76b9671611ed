// What is known of candidates, sums and products before any offset is assigned.

import type { Group } from './groups.js'
import type { Range } from './range.js'
import { type Addend, isFree, type Sum } from './sums.js'

export interface Candidate {
  readonly group: Group
  readonly range: Range
  /** Whether the biases of its readers can take an offset in. */
  readonly fits: (offset: number) => boolean
}

/** What is the same in all assignments. */
export interface Start {
  readonly candidates: ReadonlyMap<string, Candidate>
  readonly ranges: ReadonlyMap<string, Range>
  readonly sums: readonly Sum[]
  /** The addends of each sum that make up the difference between what the others bring and what the output is to have. */
  readonly makers: ReadonlyMap<Sum, readonly Addend[]>
  /** The first of the sums that read or write a group. */
  readonly firstOf: ReadonlyMap<string, number>
  /** The candidates that no sum decides. */
  readonly early: readonly string[]
}

export function startOf(
  candidates: ReadonlyMap<string, Candidate>,
  ranges: ReadonlyMap<string, Range>,
  sums: readonly Sum[],
): Start {
  const makers = new Map(sums.map((sum) => [sum, makersOf(sum, candidates)]))
  const late = new Set(sums.flatMap((sum) => [sum.output, ...makers.get(sum)!.map(({ group }) => group)]))
  const firstOf = new Map<string, number>()
  for (const [place, sum] of sums.entries())
    for (const name of groupsOf(sum)) if (!firstOf.has(name)) firstOf.set(name, place)
  const early = [...candidates.keys()].filter((name) => !late.has(name))
  return { candidates, ranges, sums, makers, firstOf, early }
}

function makersOf({ operator, output, addends }: Sum, candidates: ReadonlyMap<string, Candidate>): readonly Addend[] {
  return addends.filter(({ group }) => {
    const candidate = candidates.get(group)
    const isOnce = addends.filter((addend) => addend.group === group).length === 1
    return candidate !== undefined && isOnce && group !== output && isFree(candidate.group, operator)
  })
}

/** The output first. */
export function groupsOf({ output, addends }: Sum): string[] {
  return [output, ...addends.map(({ group }) => group)]
}
