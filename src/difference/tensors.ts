// The differences of several tensors, each in two views.

import { type Difference, mergeDifferences } from './difference.js'

export interface TensorDifference {
  /** All that the candidate has gathered on the way to the tensor. */
  readonly accumulated: Difference
  /** What the tensor's operator adds alone, fed with the reference's values; undefined for one that no such operator writes. */
  readonly own: Difference | undefined
}

/** Both sums of the same tensors together; no tensors at all are the sum of nothing. */
export function mergeTensors(
  a: readonly TensorDifference[],
  b: readonly TensorDifference[],
): readonly TensorDifference[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  return a.map(({ accumulated, own }, i) => ({
    accumulated: mergeDifferences(accumulated, b[i]!.accumulated),
    own: own && mergeDifferences(own, b[i]!.own!),
  }))
}
