// Columns that are added up where windows overlap: a ConvTranspose whose weights put each element of a window in its place.

import { intsAttribute, makeAttribute } from '../../../attribute.js'
import { elementCount, tensorData } from '../../../tensor.js'
import { lowering } from '../../lowering.js'

export const lowerCol2Im = lowering('Col2Im nodes made transposed convolutions', ['Col2Im'], (writer, node) => {
  const [input, ...names] = node.input as [string, string, string]
  const dims = writer.dims(input)
  const [image, kernel] = names.map((name) => {
    const tensor = writer.index.initializer(name)
    return tensor && Array.from(tensorData(tensor), Number)
  })
  if (dims?.length !== 3 || image === undefined || kernel === undefined) return undefined
  const ones = kernel.map(() => 1)
  const strides = intsAttribute(node, 'strides', ones)
  const dilations = intsAttribute(node, 'dilations', ones)
  const pads = intsAttribute(node, 'pads', [...ones, ...ones].fill(0))
  const [batch, width] = dims as [number, number]
  const elements = elementCount(kernel)
  const around = image.map((size, axis) => size + pads[axis]! + pads[axis + image.length]!)
  const reach = kernel.map((size, axis) => dilations[axis]! * (size - 1) + 1)
  const counts = around.map((size, axis) => Math.floor((size - reach[axis]!) / strides[axis]!) + 1)
  const rest = around.map((size, axis) => size - (counts[axis]! - 1) * strides[axis]! - reach[axis]!)
  const weights = Float32Array.from({ length: width * elements }, (_, at) =>
    Math.floor(at / elements) % elements === at % elements ? 1 : 0,
  )
  return writer.add(
    'ConvTranspose',
    [writer.reshape(input, [batch, width, ...counts]), writer.floats([width, 1, ...kernel], weights)],
    [
      makeAttribute('kernel_shape', kernel),
      makeAttribute('group', width / elements),
      ...Object.entries({ strides, dilations, pads, output_padding: rest }).map(([name, value]) =>
        makeAttribute(name, value),
      ),
    ],
  )
})
