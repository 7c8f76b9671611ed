import type { IntTensor } from '../../fixedpoint/types.js'
import { sizeOf, windowCounts, windowTaps } from '../../onnx/geometry.js'
import { scaleFixed } from '../../oracle/arithmetic.js'
import type { ReferenceContext } from '../contexts.js'
import type { FixedConv } from './solve.js'

export function referenceConv(
  operator: FixedConv,
  inputs: readonly IntTensor[],
  context: ReferenceContext,
): IntTensor[] {
  const input = inputs[0]!
  const arithmetic = context.arithmetic(operator.inputs[0]!)
  const [batch, channels, ...space] = input.dims as [number, number, ...number[]]
  const [features, groupChannels, ...kernel] = operator.weights.dims as [number, number, ...number[]]
  const window = { kernel, strides: operator.strides, dilations: operator.dilations, pads: operator.pads, ceil: false }
  const taps = windowTaps(window, space)
  const plane = sizeOf(space)
  const kernelSize = sizeOf(kernel)
  const featuresPerGroup = features / operator.group
  const data = new Int32Array(batch * features * taps.length)
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < features; m++) {
      const firstChannel = Math.floor(m / featuresPerGroup) * groupChannels
      for (let at = 0; at < taps.length; at++) {
        let sum = 0
        for (let c = 0; c < groupChannels; c++) {
          const image = (n * channels + firstChannel + c) * plane
          const weights = (m * groupChannels + c) * kernelSize
          for (const { element, offset } of taps[at]!) {
            sum += input.data[image + offset]! * operator.weights.data[weights + element]!
          }
        }
        data[(n * features + m) * taps.length + at] = scaleFixed(sum, m, operator.scaleFix, arithmetic)
      }
    }
  }
  return [{ dims: [batch, features, ...windowCounts(window, space)], data }]
}
