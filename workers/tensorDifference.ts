// The difference of one tensor between a reference and a candidate, whatever the types of their values.

import { centred } from '../src/difference/centred.js'
import { type Difference, differenceOf } from '../src/difference/difference.js'
import type { ComparedTensor } from '../src/engine/comparison.js'
import { SquireError } from '../src/errors.js'
import type { TensorValue } from '../src/onnx/types.js'

/** @throws SquireError MODEL where the two have different numbers of values */
export function tensorDifference(
  expected: TensorValue,
  candidate: TensorValue,
  { reference, codes, centred: axes }: ComparedTensor,
): Difference {
  if (expected.data.length !== candidate.data.length) {
    const [of, as] = [expected, candidate].map(({ dims }) => `[${dims.join(', ')}]`)
    throw new SquireError('MODEL', `tensor "${reference}" has dims ${of} in one model and ${as} in the other`)
  }
  const [real, made] = [numbersOf(expected.data), numbersOf(candidate.data)]
  if (axes === undefined) return differenceOf(real, made, codes)
  const read = codes === undefined ? made : multiplied(made, codes.scale)
  return differenceOf(centred(real, expected.dims, axes), centred(read, expected.dims, axes), undefined)
}

function multiplied(values: ArrayLike<number>, factor: number): Float64Array {
  // The mapping form of Float64Array.from takes ten times as long.
  const result = new Float64Array(values.length)
  for (let i = 0; i < result.length; i++) result[i] = values[i]! * factor
  return result
}

/** 64-bit integers are the shapes and indices of a graph: nothing is lost that is compared. */
export function numbersOf(data: TensorValue['data']): ArrayLike<number> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data
}
