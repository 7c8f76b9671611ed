import { rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedLut } from './solve.js'
import type { Spacing } from './spacing.js'

export function referenceLut(
  { table, spacing, fractionBits, inputs }: FixedLut,
  [input]: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const bits = context.bits(inputs[0]!)
  const [low] = rangeOf(bits)
  const look = (x: number) => {
    if (spacing === undefined) return table[x - low]!
    const { index, rest, shift } = spacing.kind === 'even' ? evenPlace(x - low, spacing) : octavePlace(x, spacing, bits)
    const start = table[index]!
    if (rest === 0) return rshift(start, fractionBits)
    return rshift(start * 2 ** shift + (table[index + 1]! - start) * rest, shift + fractionBits)
  }
  return [{ dims: input!.dims, data: input!.data.map(look) }]
}

/** The point before an input, what lies between them, and how many bits long the segment is. */
interface Place {
  readonly index: number
  readonly rest: number
  readonly shift: number
}

function evenPlace(distance: number, { bits }: Spacing): Place {
  const index = Math.floor(distance / 2 ** bits)
  return { index, rest: distance - index * 2 ** bits, shift: bits }
}

function octavePlace(x: number, { bits }: Spacing, inputBits: number): Place {
  const magnitude = Math.abs(x)
  const shift = Math.max(0, Math.floor(Math.log2(Math.max(magnitude, 1))) - bits)
  const within = Math.floor(magnitude / 2 ** shift)
  const lastOfPositive = (inputBits - bits) * 2 ** bits
  return {
    index: shift * 2 ** bits + within + (x < 0 ? lastOfPositive : 0),
    rest: magnitude - within * 2 ** shift,
    shift,
  }
}
