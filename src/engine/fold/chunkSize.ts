// How many samples make a chunk worth handing over.

import type { ObservedModel } from '../../calibrate/runner.js'
import { elementCount } from '../../dataset/tensors/elements.js'

/** Samples of a chunk that is only measured: an answer without statistics costs next to nothing. */
export const MIN_EVALUATED = 16

/** Counting so many values of a tensor costs about a hundred times as much as handing over its histogram. */
const VALUES_A_TENSOR = 2 ** 21

/** Samples of a chunk that is observed. */
export function minObserved({ observation: { tensors, dims } }: ObservedModel): number {
  const values = dims.reduce((sum, one) => sum + elementCount(one), 0)
  return (VALUES_A_TENSOR * tensors.length) / Math.max(1, values)
}
