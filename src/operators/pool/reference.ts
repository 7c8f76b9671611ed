// Maximum and average pooling over integers.

import { sizeOf, type Tap, type Window, windowCounts, windowOf, windowTaps } from '../../fixedpoint/geometry.js'
import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { intsAttribute } from '../../onnx/attribute.js'
import { fits, requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../types.js'
import type { FixedAveragePool, FixedMaxPool } from './solve.js'

/** The node's own attributes apply; padding takes no part. */
export function referenceMaxPool(operator: FixedMaxPool, inputs: readonly IntTensor[]): IntTensor[] {
  const input = inputs[0]!
  const node = operator.nodes[0]!
  const space = input.dims.slice(2)
  const kernel = node.opType === 'GlobalMaxPool' ? space : intsAttribute(node, 'kernel_shape', space)
  return [pool(input, windowOf(node, kernel, space), (values) => values.reduce((most, x) => Math.max(most, x)))]
}

/** Padding counts as zeros: the sum is the same with and without it, and the divisor is in the multiplier. */
export function referenceAveragePool(
  operator: FixedAveragePool,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const [low, high] = rangeOf(context.bits(operator.outputs[0]!))
  const { kernelShape: kernel, strides, pads } = operator
  const window = { kernel, strides, dilations: kernel.map(() => 1), pads, ceil: false }
  const average = (values: readonly number[]) => {
    const sum = values.reduce((total, x) => total + x, 0)
    return clip(requantize(fits(sum, 32, 'The sum of a pooling window'), operator.requantize), low, high)
  }
  return [pool(inputs[0]!, window, average)]
}

function pool(input: IntTensor, window: Window, reduce: (values: readonly number[]) => number): IntTensor {
  const [batch, channels, ...space] = input.dims as [number, number, ...number[]]
  const plane = sizeOf(space)
  const taps: readonly (readonly Tap[])[] = windowTaps(window, space)
  const data = new Int32Array(batch * channels * taps.length)
  for (let image = 0; image < batch * channels; image++) {
    taps.forEach((window, at) => {
      data[image * taps.length + at] = reduce(window.map(({ offset }) => input.data[image * plane + offset]!))
    })
  }
  return { dims: [batch, channels, ...windowCounts(window, space)], data }
}
