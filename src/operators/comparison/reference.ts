import type { IntTensor } from '../../fixedpoint/types.js'
import { broadcast } from '../../oracle/broadcast.js'
import type { FixedComparison } from './solve.js'

/** 1 where the condition holds, else 0. */
export function referenceComparison({ relation, sides }: FixedComparison, inputs: readonly IntTensor[]): IntTensor[] {
  const remaining = [...inputs]
  const [left, right] = sides.map((side) => {
    if (!('multiplier' in side)) return side
    const { dims, data } = remaining.shift()!
    return { dims, data: data.map((value) => value * side.multiplier) }
  }) as [IntTensor, IntTensor]
  return [broadcast(left, right, (a, b) => (holds[relation](a, b) ? 1 : 0))]
}

const holds = {
  Equal: (a: number, b: number) => a === b,
  Greater: (a: number, b: number) => a > b,
  GreaterOrEqual: (a: number, b: number) => a >= b,
  Less: (a: number, b: number) => a < b,
  LessOrEqual: (a: number, b: number) => a <= b,
}
