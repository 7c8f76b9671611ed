// Sequences of what the steps of a Scan read.

import { sizeOf } from '../onnx/geometry.js'
import type { Numbers } from './reading.js'

export interface Elements {
  readonly dims: readonly number[]
  readonly data: Numbers
}

/**
 * The elements that steps read, one behind the other: from [steps, n, ...rest] to [elements * n, ...rest].
 * @param unread the element that no step reads
 */
export function elementsRead({ dims, data }: Elements, unread: 'first' | 'last' | undefined): Elements {
  const [steps = 0, count = 0, ...rest] = dims
  const element = sizeOf(dims.slice(1))
  const from = unread === 'first' ? 1 : 0
  const end = unread === 'last' ? steps - 1 : steps
  return { dims: [(end - from) * count, ...rest], data: data.subarray(from * element, end * element) }
}
