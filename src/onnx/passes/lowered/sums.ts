// Running sums as a product with a triangle of ones, logarithms of sums, and sums of several tensors with constants among them.

import { intAttribute, intsAttribute } from '../../attribute.js'
import { tensorData } from '../../tensor.js'
import { lowering } from '../lowering.js'

/** The triangle has the square of it. */
const LONGEST = 2048

export const lowerCumSum = lowering(
  'running sums made products with a triangle of ones',
  ['CumSum'],
  (writer, node) => {
    const [input, axisName] = node.input as [string, string]
    const dims = writer.dims(input)
    const given = writer.index.initializer(axisName)
    if (!writer.isFloat(input) || dims === undefined || given === undefined) return undefined
    const axis = (Number(tensorData(given)[0]) + dims.length) % dims.length
    const length = dims[axis]!
    if (length > LONGEST || length < 1) return undefined
    const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0) === 1)
    const triangle = Float32Array.from({ length: length * length }, (_, at) => {
      const [from, to] = [Math.floor(at / length), at % length]
      const before = reverse ? from - to : to - from
      return before > 0 || (before === 0 && !exclusive) ? 1 : 0
    })
    // The axis goes last, and back.
    const perm = dims.map((_, i) => i)
    ;[perm[axis], perm[dims.length - 1]] = [dims.length - 1, axis]
    if (dims.length === 1) {
      const row = writer.reshape(input, [1, length])
      return writer.reshape(writer.add('MatMul', [row, writer.floats([length, length], triangle)]), [length])
    }
    const sums = writer.add('MatMul', [writer.transpose(input, perm), writer.floats([length, length], triangle)])
    return writer.transpose(sums, perm)
  },
)

export const lowerReduceLogSum = lowering('logarithms of sums written out', ['ReduceLogSum'], (writer, node) => {
  const [input, axesName = ''] = node.input as [string, string?]
  const rank = writer.openDims(input)?.length ?? 0
  const given = axesName === '' ? undefined : writer.index.initializer(axesName)
  if (rank === 0 || (axesName !== '' && given === undefined)) return undefined
  const axes = given ? Array.from(tensorData(given), Number) : intsAttribute(node, 'axes', [])
  if (axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return undefined
  const all = Array.from({ length: rank }, (_, axis) => axis)
  const keepsDims = intAttribute(node, 'keepdims', 1) === 1
  return writer.add('Log', [writer.reduce('ReduceSum', input, axes.length === 0 ? all : axes, keepsDims)])
})

/** Sum and Mean of tensors of which some are constant: one after another, and a factor. */
export const lowerSum = lowering('sums with constants among them written out', ['Sum', 'Mean'], (writer, node) => {
  const [first = '', ...more] = node.input
  const constant = node.input.filter((name) => writer.isConstant(name))
  if (more.length === 0 || constant.length === 0 || constant.length === node.input.length) return undefined
  if (!node.input.every((name) => writer.isFloat(name))) return undefined
  const sum = more.reduce((left, right) => writer.add('Add', [left, right]), first)
  return node.opType === 'Sum' ? sum : writer.add('Div', [sum, writer.floats([], Float32Array.of(node.input.length))])
})
