// Runs a comparison over the user's data and says what it found, tensor by tensor.

import type { ComparedSamples, Runner } from '../calibrate/runner.js'
import type { Codes } from '../difference/difference.js'
import { type Measures, measuresOf } from '../difference/measures.js'
import type { Comparison } from '../engine/protocol.js'

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
  const { samples, differences } = await runner.compare(comparison, compared, title)
  const tensors = differences.map(({ accumulated, own }, i) => {
    const { reference, codes } = comparison.tensors[i]!
    const count = codeCount(codes)
    return {
      tensor: reference,
      accumulated: measuresOf(accumulated, count),
      own: own && measuresOf(own, count),
    }
  })
  return { samples, tensors }
}

function codeCount(codes: Codes | undefined): number | undefined {
  return codes && codes.high - codes.low + 1
}
