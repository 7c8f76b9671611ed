import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { product } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedPrelu } from './solve.js'

export function referencePrelu(
  { outputs, above, below, shift }: FixedPrelu,
  [input]: readonly IntTensor[],
  { bits }: ReferenceContext,
): IntTensor[] {
  const [low, high] = rangeOf(bits(outputs[0]!))
  const slopes = { dims: below.dims, data: Int32Array.from(below.data) }
  const bent = (x: number, slope: number) => clip(rshift(product(x, x > 0 ? above : slope), shift), low, high)
  return [broadcast(input!, slopes, bent)]
}
