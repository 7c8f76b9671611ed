import { rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { ReferenceContext } from '../types.js'
import type { FixedLut } from './solve.js'

export function referenceLut(
  { table, segmentBits, inputs }: FixedLut,
  [input]: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low] = rangeOf(context.bits(inputs[0]!))
  const look = (x: number) => {
    const from = Math.floor((x - low) / 2 ** segmentBits)
    const rest = x - low - from * 2 ** segmentBits
    const start = table[from]!
    return rest === 0 ? start : start + rshift((table[from + 1]! - start) * rest, segmentBits)
  }
  return [{ dims: input!.dims, data: input!.data.map(look) }]
}
