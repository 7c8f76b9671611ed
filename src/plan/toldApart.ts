// Which values of a tensor its readers can tell apart: a hard-sigmoid gives the same for all beyond +-3.

import { familyOf } from '../operators/index.js'
import type { PlannedOperator } from '../operators/types.js'

/**
 * Beyond these bounds, tables of readers are flat to within an eighth of a step of what they write. Other readers tell all values apart. What lies
 * beyond is often most of a tensor, and all of it gets the same error, which a following sum does not average out: hence so little.
 */
export function toldApart(readers: readonly PlannedOperator[], outputScale: (tensor: string) => number) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const reader of readers) {
    const evaluate = familyOf(reader).evaluate?.(reader)
    if (evaluate === undefined) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
    const tolerance = outputScale(reader.outputs[0]!) / 16
    low = Math.min(low, -flatFrom((x) => evaluate(-x), tolerance))
    high = Math.max(high, flatFrom(evaluate, tolerance))
  }
  return { low, high }
}

const GRID_STEP = 1 / 64
const GRID_END = 64

/** The least x >= 0 of a grid beyond which f stays within the tolerance of f(x); infinite where f does not end flat. */
function flatFrom(f: (x: number) => number, tolerance: number): number {
  const last = f(GRID_END)
  if (!(Math.abs(f(2 ** 20) - last) <= tolerance)) return Number.POSITIVE_INFINITY
  let x = GRID_END
  while (x > 0 && Math.abs(f(x - GRID_STEP) - last) <= tolerance) x -= GRID_STEP
  return x
}
