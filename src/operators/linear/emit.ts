// Matrix products with integer weights, in floating point.

import { cast, FLOAT32_LIMIT, type Integers, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { emitScaleFix } from '../../emit/scaleFix.js'
import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import { makeNode } from '../../onnx/node.js'
import { transposed } from '../../onnx/transposed.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import { onIntegerWeights, type WeightLayout } from '../accumulation/qdq.js'
import type { EmitContext, QdqContext } from '../types.js'
import type { FixedLinear } from './solve.js'

export function emitLinear(e: Emitter, linear: FixedLinear, context: EmitContext): string[] {
  const sums = matrixProduct(e, linear, context.integers(linear.inputs[0]!))
  return [emitScaleFix(e, sums, linear.scaleFix, [linear.weights.dims[1]], context.arithmetic(linear.inputs[0]!))]
}

function matrixProduct(e: Emitter, { weights, accumulatorBound }: FixedLinear, input: Integers): Integers {
  const stored = e.integers('weights', weights.dims, weights.data)
  if (accumulatorBound < FLOAT32_LIMIT) {
    const name = e.emit('MatMul', [input.name, cast(e, stored, DataType.FLOAT)])
    return { name, type: 'float32', bound: accumulatorBound }
  }
  const name = e.emit('MatMul', [toFloat64(e, input).name, cast(e, stored, DataType.DOUBLE)])
  return { name, type: 'float64', bound: accumulatorBound }
}

export function qdqLinear(e: Emitter, node: NodeProto, linear: FixedLinear, context: QdqContext): NodeProto {
  if (node.opType === 'Add') return withBias(e, node, linear, context)
  if ((node.opType !== 'Gemm' && node.opType !== 'MatMul') || !(linear.weights.data instanceof Int8Array)) return node
  const product = onIntegerWeights(e, node, layOut(node, linear, linear.weights.data), linear, context)
  const hasPlace = node.opType === 'Gemm' || linear.nodes.some(({ opType }) => opType === 'Add')
  return linear.bias === undefined || hasPlace ? product : added(e, product, linear.bias)
}

/** The Add behind a MatMul, with the bias that goes with the integer weights where that is another one. */
function withBias(e: Emitter, node: NodeProto, { bias }: FixedLinear, { index }: QdqContext): NodeProto {
  if (bias === undefined) return node
  const moved = e.initializer('bias', DataType.FLOAT, [bias.length], bias)
  return { ...node, input: node.input.map((name) => (index.initializer(name) === undefined ? name : moved)) }
}

/** A product that had no bias, and an Add of the one that goes with its integer weights. */
function added(e: Emitter, { opType, input, attribute, output }: NodeProto, bias: Float32Array): NodeProto {
  const product = e.emit(opType, input, attribute)
  const constant = e.initializer('bias', DataType.FLOAT, [bias.length], bias)
  return makeNode('Add', [product, constant], output)
}

/** The plan holds the weights as [K, N], alpha applied. */
function layOut(node: NodeProto, { weights: { dims }, weightScales }: FixedLinear, data: Int8Array): WeightLayout {
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1
  const scales = Float32Array.from(weightScales, (scale) => scale / Math.abs(alpha))
  const signed = alpha < 0 ? data.map((value) => -value) : data
  const [depth, columns] = dims
  if (node.opType !== 'Gemm' || intAttribute(node, 'transB', 0) === 0) return { axis: 1, dims, data: signed, scales }
  const byColumn = transposed(signed, depth, columns, new Int8Array(signed.length))
  return { axis: 0, dims: [columns, depth], data: byColumn, scales }
}
