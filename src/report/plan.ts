// The plan in words: how much of the model the chip runs, and why the rest is not on it.

import { isFallback } from '../operators/index.js'
import type { Plan } from '../plan/types.js'

/** Operators of one reason that a line names. */
const shownNames = 8

/** One line for the whole, then one for each reason why operators run in software. */
export function planLines({ operators, observed, groupOf }: Plan): string[] {
  const byReason = new Map<string, string[]>()
  for (const operator of operators) {
    if (!isFallback(operator) || operator.reason === undefined) continue
    const { opType } = operator.nodes[0]!
    const name = operator.name.includes(opType) ? operator.name : `${opType} ${operator.name}`
    byReason.set(operator.reason, [...(byReason.get(operator.reason) ?? []), name])
  }
  const onChip = operators.filter((operator) => !isFallback(operator)).length
  const inSoftware = [...byReason.values()].reduce((sum, names) => sum + names.length, 0)
  return [
    `${onChip} ${onChip === 1 ? 'operator' : 'operators'} on the chip, ${inSoftware} in software (float); ` +
      `${observed.length} of ${groupOf.size} tensors observed`,
    ...[...byReason].map(([reason, names]) => `  in software, because ${reason}: ${shortened(names)}`),
  ]
}

function shortened(names: readonly string[]): string {
  const rest = names.length > shownNames ? ` and ${names.length - shownNames} more` : ''
  return `${names.slice(0, shownNames).join(', ')}${rest}`
}
