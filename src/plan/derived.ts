// Which tensors' statistics follow from others': outputs of gentle unary operators. A table computes them from 256 codes anyway, and the
// histogram of the argument is 16 times as fine as those.

import { traceRoots, trafficOf } from './classes.js'
import type { DerivedTensor, PlannedOperator } from './types.js'

/** Output -> what it is derived from. */
export function derivedTensors(operators: readonly PlannedOperator[]): ReadonlyMap<string, DerivedTensor> {
  const rootsOf = traceRoots(trafficOf(operators).writer)
  const derived = new Map<string, DerivedTensor>()
  for (const operator of operators) {
    if (operator.kind !== 'unary' || !isGentle(operator.evaluate)) continue
    derived.set(operator.output, { of: [...rootsOf(operator.input)], evaluate: operator.evaluate })
  }
  return derived
}

const STEEPEST = 2

/** 0 and +-2^(j/4) from 2^-12 to 2^20: beyond that no calibration set goes, and between them functions in use are smooth. */
const grid: readonly number[] = (() => {
  const positive = Array.from({ length: 129 }, (_, i) => 2 ** (i / 4 - 12))
  return [...positive.map((x) => -x).reverse(), 0, ...positive]
})()

/** Finite everywhere and nowhere steep, so that half a bin of x is no more than a bin of y. exp, reciprocals and powers are not. */
function isGentle(f: (x: number) => number): boolean {
  const values = grid.map(f)
  return values.every((y, i) => {
    if (!Number.isFinite(y)) return false
    return i === 0 || Math.abs(y - values[i - 1]!) <= STEEPEST * (grid[i]! - grid[i - 1]!)
  })
}
