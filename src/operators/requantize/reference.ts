import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedRequantize } from './solve.js'

export function referenceRequantize(
  operator: FixedRequantize,
  [input]: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low, high] = rangeOf(context.bits(operator.outputs[0]!))
  return [{ dims: input!.dims, data: input!.data.map((x) => clip(requantize(x, operator.requantize), low, high)) }]
}
