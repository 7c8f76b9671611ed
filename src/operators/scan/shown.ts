// Where the float graph shows what the steps of a Scan read.

import type { ShownSequence } from '../types.js'
import type { PlannedScan } from './plan.js'

/** What a step reads as a state is what the step before it wrote, of which there is a sequence. */
export function shownSequence(
  { steps, numStates, length, sequencesIn, sequencesOut }: PlannedScan,
  tensor: string,
): ShownSequence | undefined {
  const state = steps.slice(0, numStates).find(({ outputs }) => outputs[0] === tensor)
  const name = state?.inputs[0] ?? tensor
  const sequence = [...sequencesIn, ...sequencesOut].find((one) => one.name === name)
  if (sequence === undefined || sequence.declared !== undefined) return undefined
  if (state === undefined) return { name, unread: undefined }
  return length > 1 ? { name, unread: sequence.reverse ? 'first' : 'last' } : undefined
}
