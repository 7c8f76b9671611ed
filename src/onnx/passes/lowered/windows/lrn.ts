// LocalResponseNormalization in operators that the chip has:
//
//     y = x / (bias + alpha / size * sum of x^2 over the `size` channels around)^beta            (ONNX operator LRN)
//
// The sum is an average over windows of channels, padded with zeros, which count.

import { floatAttribute, intAttribute, makeAttribute } from '../../../attribute.js'
import { lowering } from '../../lowering.js'

export const lowerLrn = lowering('LRN nodes made squares, averages, powers and quotients', ['LRN'], (writer, node) => {
  const [x = ''] = node.input
  const scalar = (value: number) => writer.floats([], Float32Array.of(value))
  // Axes are an input since opset 13.
  const alongChannels = (opType: string, input: string) =>
    writer.opset < 13
      ? writer.add(opType, [input], [makeAttribute('axes', [1])])
      : writer.add(opType, [input, writer.integers([1])])
  const size = intAttribute(node, 'size', 1)
  const before = Math.floor((size - 1) / 2)
  const window = [
    makeAttribute('kernel_shape', [size, 1, 1]),
    makeAttribute('pads', [before, 0, 0, size - 1 - before, 0, 0]),
    makeAttribute('count_include_pad', 1),
  ]
  const squares = alongChannels('Unsqueeze', writer.add('Mul', [x, x]))
  const means = alongChannels('Squeeze', writer.add('AveragePool', [squares], window))
  const scaled = writer.add('Mul', [means, scalar(floatAttribute(node, 'alpha', 1e-4))])
  const sum = writer.add('Add', [scaled, scalar(floatAttribute(node, 'bias', 1))])
  return writer.add('Div', [x, writer.add('Pow', [sum, scalar(floatAttribute(node, 'beta', 0.75))])])
})
