// Convolution and matrix product over integers: sum in 32 bits, then scaleFix.

import { sizeOf, windowCounts, windowTaps } from '../geometry.js'
import type { ChipProfile, FixedConv, FixedMatMul, IntTensor } from '../types.js'
import { scaleFixed } from './arithmetic.js'

export function conv(operator: FixedConv, input: IntTensor, chip: ChipProfile): IntTensor {
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
        data[(n * features + m) * taps.length + at] = scaleFixed(sum, m, operator.scaleFix, chip)
      }
    }
  }
  return { dims: [batch, features, ...windowCounts(window, space)], data }
}

export function matmul(operator: FixedMatMul, input: IntTensor, chip: ChipProfile): IntTensor {
  const [depth, columns] = operator.weights.dims
  const rows = input.data.length / depth
  const data = new Int32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0
      for (let k = 0; k < depth; k++) {
        sum += input.data[row * depth + k]! * operator.weights.data[k * columns + column]!
      }
      data[row * columns + column] = scaleFixed(sum, column, operator.scaleFix, chip)
    }
  }
  return { dims: [...input.dims.slice(0, -1), columns], data }
}
