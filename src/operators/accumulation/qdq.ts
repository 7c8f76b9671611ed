// A node on int8 weights in the QDQ model, with its bias in the units of the accumulator.

import type { Emitter } from '../../emit/builder.js'
import { floatAttribute, makeAttribute } from '../../onnx/attribute.js'
import { floatValues } from '../../onnx/tensor.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import type { QdqContext } from '../contexts.js'
import type { FixedAccumulation } from './types.js'

const LARGEST_INT32 = 2 ** 31 - 1

/** The integer weights as the node's second input has them. */
export interface WeightLayout {
  /** Of the output channels. */
  readonly axis: number
  readonly dims: readonly number[]
  readonly data: Int8Array
  readonly scales: Float32Array
}

export function onIntegerWeights(
  e: Emitter,
  node: NodeProto,
  { axis, data, dims, scales }: WeightLayout,
  operator: FixedAccumulation,
  context: QdqContext,
): NodeProto {
  const weights = e.initializer('weights', DataType.INT8, dims, data)
  // A constant that nothing else reads keeps its name.
  const nameOf = (constant = '') => (context.index.consumers(constant).length === 1 ? constant : undefined)
  const dequantize = (
    integers: string,
    along: number,
    by: Float32Array,
    zeros: Int8Array | Int32Array,
    output: string | undefined,
  ) => {
    const type = zeros instanceof Int8Array ? DataType.INT8 : DataType.INT32
    const scale = e.initializer('scale', DataType.FLOAT, [by.length], by)
    const zero = e.initializer('zero_point', type, [zeros.length], zeros)
    return e.emit('DequantizeLinear', [integers, scale, zero], [makeAttribute('axis', along)], output)
  }
  const input = [...node.input]
  input[1] = dequantize(weights, axis, scales, new Int8Array(scales.length), nameOf(node.input[1]))
  const bias = biasOf(node, operator, context)
  const stored = bias && biasIntegers(bias, node, operator, scales, context)
  if (stored !== undefined) {
    const integers = e.initializer('bias', DataType.INT32, [stored.data.length], stored.data)
    input[2] = dequantize(integers, 0, stored.scales, new Int32Array(stored.data.length), nameOf(node.input[2]))
  } else if (operator.bias !== undefined && node.opType !== 'MatMul') {
    input[2] = e.initializer('bias', DataType.FLOAT, [operator.bias.length], operator.bias)
    // This bias is whole: a Gemm's beta has been multiplied in.
    return { ...node, input, attribute: node.attribute.filter(({ name }) => name !== 'beta') }
  }
  return { ...node, input }
}

/** The constant bias of one value a channel: the operator's own, or where that is another one, what goes with the integer weights. */
function biasOf(node: NodeProto, operator: FixedAccumulation, { index }: QdqContext): Float32Array | undefined {
  if (node.opType === 'MatMul') return undefined
  if (operator.bias !== undefined) return operator.bias
  const constant = index.initializer(node.input[2] ?? '')
  return constant?.dims.length === 1 ? Float32Array.from(floatValues(constant)) : undefined
}

/** undefined where it is scaled, or does not fit int32: it stays float then. */
function biasIntegers(
  values: Float32Array,
  node: NodeProto,
  operator: FixedAccumulation,
  weightScales: Float32Array,
  { quantized }: QdqContext,
) {
  const input = quantized(operator.inputs[0]!)
  const scaled = floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1
  if (input === undefined || scaled) return undefined
  const scales = weightScales.map((scale) => scale * input.scale)
  const integers = Array.from(values, (value, c) => Math.round(value / scales[c]!))
  if (values.length !== scales.length || !integers.every((value) => Math.abs(value) <= LARGEST_INT32)) return undefined
  return { scales, data: Int32Array.from(integers) }
}
