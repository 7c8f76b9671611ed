// Scores: what nothing reads but Softmaxes, behind moves, sums and choices. Minus infinity, or what exporters write for it, may stand among them:
// a mask, of which a Softmax leaves nothing.

import type { GraphIndex } from './graph.js'
import type { NodeProto } from './types.js'

/** Scores are masked at most here: the least magnitude that exporters write for minus infinity. */
export const HIGHEST_MASKED = -1e4

/** Of a sum with a mask: what is added to -10^4 may bring it nearer to zero, but never half the way. */
export const HIGHEST_MASKED_SUM = HIGHEST_MASKED / 2

/** Operators that move values, of any type. */
export const moves: ReadonlySet<string> = new Set(['Expand', 'Reshape', 'Slice', 'Squeeze', 'Transpose', 'Unsqueeze'])

/** Between a mask and its Softmax. */
const passing: ReadonlySet<string> = new Set([
  ...moves,
  ...['Add', 'Concat', 'Gather', 'Identity', 'Max', 'Pad', 'ScatterElements', 'ScatterND', 'Split', 'Sum', 'Where'],
])

const ends: ReadonlySet<string> = new Set(['LogSoftmax', 'Softmax'])

/** Whether tensors of a graph are scores; each is looked at once. */
export function scoresOf(index: GraphIndex): (name: string) => boolean {
  const known = new Map<string, boolean>()
  const leads = (reader: NodeProto) =>
    ends.has(reader.opType) ||
    (passing.has(reader.opType) && reader.output.every((name) => name === '' || isScore(name)))
  const isScore = (name: string): boolean => {
    const found = known.get(name)
    if (found !== undefined) return found
    const readers = index.consumers(name)
    const answer = !index.isGraphOutput(name) && readers.length > 0 && readers.every(leads)
    known.set(name, answer)
    return answer
  }
  return isScore
}
