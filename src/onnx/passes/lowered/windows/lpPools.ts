// Pools of norms, and the division by a sum of magnitudes, become reductions.

import { intAttribute, intsAttribute } from '../../../attribute.js'
import { lowering } from '../../lowering.js'
import { windowsOf } from './windows.js'

/** Order of the norm -> the reduction. */
const norms: Readonly<Record<number, string>> = { 1: 'ReduceL1', 2: 'ReduceL2' }

export const lowerLpPools = lowering('pools of norms made reductions', ['LpPool', 'GlobalLpPool'], (writer, node) => {
  const [input] = node.input as [string]
  const dims = writer.dims(input)
  const norm = norms[intAttribute(node, 'p', 2)]
  if (norm === undefined || dims === undefined || dims.length < 3 || dims.includes(0)) return undefined
  if (node.opType === 'GlobalLpPool') {
    return writer.reduce(norm, input, dims.map((_, axis) => axis).slice(2), true)
  }
  const { values, counts } = windowsOf(writer, node, dims, intsAttribute(node, 'kernel_shape', []))
  return writer.reshape(writer.reduce(norm, values, [2], false), [...dims.slice(0, 2), ...counts])
})

/** Nothing divided by it is any less than zero; a row of zeros stays one. */
const SMALLEST_SUM = 1e-30

export const lowerLpNormalization = lowering(
  'divisions by sums of magnitudes written out',
  ['LpNormalization'],
  (writer, node) => {
    const [input] = node.input as [string]
    const rank = writer.openDims(input)?.length ?? 0
    if (intAttribute(node, 'p', 2) !== 1 || rank === 0) return undefined
    const axis = intAttribute(node, 'axis', -1)
    const sum = writer.reduce('ReduceL1', input, [axis < 0 ? axis + rank : axis], true)
    return writer.add('Div', [input, writer.add('Max', [sum, writer.floats([], Float32Array.of(SMALLEST_SUM))])])
  },
)
