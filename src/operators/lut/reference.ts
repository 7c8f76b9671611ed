import { rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { ReferenceContext } from '../types.js'
import type { FixedLut } from './solve.js'

export function referenceLut(
  { table, segmentBits, fractionBits, inputs }: FixedLut,
  [input]: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low] = rangeOf(context.bits(inputs[0]!))
  const look = (x: number) => {
    const from = Math.floor((x - low) / 2 ** segmentBits)
    const rest = x - low - from * 2 ** segmentBits
    const start = table[from]!
    if (rest === 0) return rshift(start, fractionBits)
    return rshift(start * 2 ** segmentBits + (table[from + 1]! - start) * rest, segmentBits + fractionBits)
  }
  return [{ dims: input!.dims, data: input!.data.map(look) }]
}
