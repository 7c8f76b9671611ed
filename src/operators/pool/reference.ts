// Maximum and average pooling over integers.

import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { intsAttribute } from '../../onnx/attribute.js'
import { sizeOf, type Tap, type Window, windowCounts, windowOf, windowTaps } from '../../onnx/geometry.js'
import { fits, requantize } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
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
  const { kernelShape: kernel, strides, dilations, pads, multiplier, shift } = operator
  const window = { kernel, strides, dilations, pads, ceil: false }
  const average = (values: readonly number[], at: number) => {
    const sum = values.reduce((total, x) => total + x, 0)
    const by = multiplier.data[multiplier.dims.length === 0 ? 0 : at]!
    return clip(requantize(fits(sum, 32, 'The sum of a pooling window'), { multiplier: by, shift }), low, high)
  }
  return [pool(inputs[0]!, window, average)]
}

function pool(input: IntTensor, window: Window, reduce: (values: readonly number[], at: number) => number): IntTensor {
  const [batch, channels, ...space] = input.dims as [number, number, ...number[]]
  const plane = sizeOf(space)
  const taps: readonly (readonly Tap[])[] = windowTaps(window, space)
  const data = new Int32Array(batch * channels * taps.length)
  for (let image = 0; image < batch * channels; image++) {
    taps.forEach((window, at) => {
      data[image * taps.length + at] = reduce(
        window.map(({ offset }) => input.data[image * plane + offset]!),
        at,
      )
    })
  }
  return { dims: [batch, channels, ...windowCounts(window, space)], data }
}
