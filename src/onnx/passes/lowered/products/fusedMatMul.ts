// ONNX Runtime's product of transposed tensors: alpha op(A) op(B). Source: onnxruntime/docs/ContribOperators.md, FusedMatMul.

import { floatAttribute, intAttribute } from '../../../attribute.js'
import { contribLowering } from '../../lowering.js'

export const lowerFusedMatMul = contribLowering('FusedMatMul nodes written out', ['FusedMatMul'], (writer, node) => {
  const sides = ['A', 'B'].map((side, i) => {
    const name = node.input[i]!
    const isTransposed = intAttribute(node, `trans${side}`, 0) !== 0
    const isTurned = intAttribute(node, `transBatch${side}`, 0) !== 0
    const axes = writer.openDims(name)?.map((_, axis) => axis) ?? []
    if (!isTransposed && !isTurned) return name
    if (axes.length < 2) return undefined
    // The batch of a turned tensor lies behind its first axis.
    const [row, column, batch] = isTurned
      ? [axes[0]!, axes.length - 1, axes.slice(1, -1)]
      : [axes.length - 2, axes.length - 1, axes.slice(0, -2)]
    return writer.transpose(name, [...batch, ...(isTransposed ? [column, row] : [row, column])])
  })
  const [left, right] = sides
  if (left === undefined || right === undefined) return undefined
  const product = writer.add('MatMul', [left, right])
  const alpha = floatAttribute(node, 'alpha', 1)
  return alpha === 1 ? product : writer.add('Mul', [product, writer.floats([], Float32Array.of(alpha))])
})
