// The plan in words: how much of the model the chip runs, and why the rest is not on it.

import { SquireError } from '../../errors.js'
import { isFallback } from '../../operators/index.js'
import type { PlannedOperator } from '../../operators/types.js'
import type { Plan } from '../../plan/types.js'

/** Operators of one reason that a line names. */
const shownNames = 8

/** One line for the whole, then one for each reason why operators run in software. */
export function planLines({ operators, observed, groupOf }: Plan): string[] {
  const byReason = softwareByReason(operators)
  const onChip = operators.filter((operator) => !isFallback(operator)).length
  const inSoftware = [...byReason.values()].reduce((sum, some) => sum + some.length, 0)
  return [
    `${onChip} ${onChip === 1 ? 'operator' : 'operators'} on the chip, ${inSoftware} in software (float); ` +
      `${observed.length} of ${groupOf.size} tensors observed`,
    ...reasonLines(byReason),
  ]
}

/** @throws SquireError UNSUPPORTED listing the operators that would run in float, where there are any */
export function requireIntegers({ operators }: Plan): void {
  const byReason = softwareByReason(operators)
  if (byReason.size === 0) return
  const lines = reasonLines(byReason)
  const remedy =
    'End the model before them (--output-name), export it without them, or leave --strict away to run them in float.'
  throw new SquireError(
    'UNSUPPORTED',
    ['With --strict, no operator may run in float, but these would:', ...lines, remedy].join('\n'),
  )
}

function softwareByReason(operators: readonly PlannedOperator[]): ReadonlyMap<string, readonly PlannedOperator[]> {
  const byReason = new Map<string, PlannedOperator[]>()
  for (const operator of operators) {
    if (!isFallback(operator) || operator.reason === undefined) continue
    byReason.set(operator.reason, [...(byReason.get(operator.reason) ?? []), operator])
  }
  return byReason
}

function reasonLines(byReason: ReadonlyMap<string, readonly PlannedOperator[]>): string[] {
  return [...byReason].map(
    ([reason, operators]) => `  in software, because ${reason}: ${countedTypes(operators)} (${shortened(operators)})`,
  )
}

/** "2 Add, 1 Mul" */
function countedTypes(operators: readonly PlannedOperator[]): string {
  const counts = new Map<string, number>()
  for (const { nodes } of operators) counts.set(nodes[0]!.opType, (counts.get(nodes[0]!.opType) ?? 0) + 1)
  return [...counts].map(([type, count]) => `${count} ${type}`).join(', ')
}

function shortened(operators: readonly PlannedOperator[]): string {
  const rest = operators.length > shownNames ? ` and ${operators.length - shownNames} more` : ''
  const names = operators.slice(0, shownNames).map(({ name }) => name)
  return `${names.join(', ')}${rest}`
}
