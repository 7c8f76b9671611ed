// Runs a comparison over the user's data and says what it found, tensor by tensor.

import type { ComparedSamples, Runner } from '../calibrate/runner.js'
import type { Codes } from '../difference/difference.js'
import { type Measures, measuresOf } from '../difference/measures.js'
import type { TensorDifference } from '../difference/tensors.js'
import type { ComparedTensor, Comparison } from '../engine/comparison.js'
import { collectGarbage } from '../garbage.js'

export interface TensorErrors {
  /** Its name in the float model. */
  readonly tensor: string
  /** Of all that has gathered on the way to the tensor. */
  readonly accumulated: Measures
  /** Of its operator alone, fed with the float model's values. */
  readonly own: Measures | undefined
}

export interface ComparisonResult {
  /** Samples, or forward passes of an infer function. */
  readonly samples: number
  readonly tensors: readonly TensorErrors[]
}

export async function compareModels(
  runner: Runner,
  comparison: Comparison,
  compared: ComparedSamples,
  title: string,
): Promise<ComparisonResult> {
  return (await compareSeveral(runner, [comparison], compared, title))[0]!
}

/** @param comparisons all of one reference, whose forward passes they share */
export async function compareSeveral(
  runner: Runner,
  comparisons: readonly Comparison[],
  compared: ComparedSamples,
  title: string,
): Promise<ComparisonResult[]> {
  // The models were just written, and the workers open sessions of all.
  collectGarbage()
  const { samples, differences } = await runner.compare(comparisons, compared, title)
  collectGarbage()
  let next = 0
  return comparisons.map(({ tensors }) => {
    const found = differences.slice(next, next + tensors.length)
    next += tensors.length
    return { samples, tensors: found.map((difference, i) => errorsOf(tensors[i]!, difference)) }
  })
}

function errorsOf({ reference, codes }: ComparedTensor, { accumulated, own }: TensorDifference): TensorErrors {
  const count = codeCount(codes)
  return { tensor: reference, accumulated: measuresOf(accumulated, count), own: own && measuresOf(own, count) }
}

function codeCount(codes: Codes | undefined): number | undefined {
  return codes && codes.high - codes.low + 1
}
