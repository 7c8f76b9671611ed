// What the weights of accumulating operators are, whatever their scales: looked at once for all thresholds and zero points that are tried.

import { factsOf, type RowFacts } from '../../fixedpoint/weights.js'
import type { PlannedAccumulation } from './types.js'

/** By the weights, which plans of one model share; a square matrix may be read by rows in one operator and by columns in another. */
const known = new WeakMap<Float32Array, Map<string, readonly RowFacts[]>>()

/** @param rows the weights of each output channel */
export function weightFacts(
  { weights }: PlannedAccumulation,
  rows: () => readonly Float32Array[],
): readonly RowFacts[] {
  const layouts = known.get(weights.data) ?? new Map<string, readonly RowFacts[]>()
  known.set(weights.data, layouts)
  const layout = `${weights.dims} ${'transposed' in weights}`
  const facts = layouts.get(layout) ?? rows().map(factsOf)
  layouts.set(layout, facts)
  return facts
}
