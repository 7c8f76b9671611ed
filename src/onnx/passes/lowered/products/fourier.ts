// Fourier transforms as products with constant cosines and sines; short ones as a Conv with these times the window.

import { intAttribute, makeAttribute } from '../../../attribute.js'
import { floatValues, tensorData } from '../../../tensor.js'
import { floatConstant } from '../../folding/linear.js'
import { lowering, type NodeWriter } from '../../lowering.js'

/** A transform has matrices of the square of it. */
const LONGEST = 1024

export const lowerStft = lowering('short Fourier transforms made convolutions', ['STFT'], (writer, node) => {
  const [signal, stepName, windowName = '', lengthName = ''] = node.input as [string, string, string?, string?]
  const dims = writer.dims(signal)
  const step = integerOf(writer, stepName)
  const window = windowName === '' ? undefined : floatConstant(windowName, writer.index)
  const length = lengthName === '' ? window && floatValues(window).length : integerOf(writer, lengthName)
  if (dims === undefined || step === undefined || length === undefined || (windowName !== '' && !window))
    return undefined
  const weights = window ? floatValues(window) : new Float32Array(length).fill(1)
  if ((dims.length === 3 && dims[2] !== 1) || length > LONGEST || weights.length !== length) return undefined
  const [batch, samples] = dims as [number, number]
  const bins = intAttribute(node, 'onesided', 1) === 1 ? Math.floor(length / 2) + 1 : length
  const kernels = Float32Array.from({ length: 2 * bins * length }, (_, at) => {
    const [row, n] = [Math.floor(at / length), at % length]
    return weights[n]! * wave(row >= bins, ((row % bins) * n) % length, length)
  })
  const frames = Math.floor((samples - length) / step) + 1
  const parts = writer.add(
    'Conv',
    [writer.reshape(signal, [batch, 1, samples]), writer.floats([2 * bins, 1, length], kernels)],
    [makeAttribute('kernel_shape', [length]), makeAttribute('strides', [step])],
  )
  return writer.transpose(writer.reshape(parts, [batch, 2, bins, frames]), [0, 3, 2, 1])
})

export const lowerDft = lowering('Fourier transforms made products', ['DFT'], (writer, node) => {
  const [input, lengthName = '', axisName = ''] = node.input as [string, string?, string?]
  const dims = writer.dims(input)
  const given = writer.opset < 20 ? intAttribute(node, 'axis', 1) : axisName === '' ? -2 : integerOf(writer, axisName)
  if (dims === undefined || given === undefined) return undefined
  const last = dims.length - 1
  const axis = given < 0 ? given + dims.length : given
  const [length, parts] = [dims[axis]!, dims[last]!]
  if (length > LONGEST || length < 1 || (lengthName !== '' && integerOf(writer, lengthName) !== length))
    return undefined
  const inverse = intAttribute(node, 'inverse', 0) === 1
  const bins = intAttribute(node, 'onesided', 0) === 1 ? Math.floor(length / 2) + 1 : length
  // From a value's parts, real and imaginary, to those of a bin.
  const matrix = Float32Array.from({ length: length * parts * bins * 2 }, (_, at) => {
    const [from, to] = [Math.floor(at / (2 * bins)), at % (2 * bins)]
    const [n, k] = [Math.floor(from / parts), Math.floor(to / 2)]
    const [fromImaginary, toImaginary] = [from % parts === 1, to % 2 === 1]
    const value = wave(fromImaginary !== toImaginary, (k * n) % length, length)
    // exp(-i t) = cos t - i sin t; times i it is sin t + i cos t. The inverse turns the other way.
    const sign = (fromImaginary && !toImaginary) !== inverse && fromImaginary !== toImaginary ? -1 : 1
    return (sign * value) / (inverse ? length : 1)
  })
  const perm = dims.map((_, i) => i).filter((i) => i !== axis && i !== last)
  const outside = perm.map((i) => dims[i]!)
  const rows = writer.reshape(writer.transpose(input, [...perm, axis, last]), [...outside, length * parts])
  const sums = writer.add('MatMul', [rows, writer.floats([length * parts, bins * 2], matrix)])
  const apart = writer.reshape(sums, [...outside, bins, 2])
  const order = [...perm, axis, last]
  return writer.transpose(
    apart,
    dims.map((_, i) => order.indexOf(i)),
  )
})

/** The cosine of `turn` parts of a circle, or its sine, negated. */
function wave(imaginary: boolean, turn: number, parts: number): number {
  const angle = (2 * Math.PI * turn) / parts
  return imaginary ? -Math.sin(angle) : Math.cos(angle)
}

function integerOf(writer: NodeWriter, name: string): number | undefined {
  const tensor = writer.index.initializer(name)
  return tensor && Number(tensorData(tensor)[0])
}
