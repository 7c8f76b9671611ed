// Convolutions with int8 weights, in floating point. A sum whose every partial sum stays below 2^24 is exact in float32 in any order of
// summation.
//
// Weights are stored as int8 and cast: the file stays small, and a runtime folds the cast when it loads the model.

import { cast, FLOAT32_LIMIT, type Integers, sum, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { emitScaleFix } from '../../emit/scaleFix.js'
import { SquireError } from '../../errors.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import { onIntegerWeights } from '../accumulation/qdq.js'
import type { EmitContext, QdqContext } from '../types.js'
import type { FixedConv } from './solve.js'

export function emitConv(e: Emitter, conv: FixedConv, context: EmitContext): string[] {
  const channels = [1, conv.weights.dims[0]!, ...conv.strides.map(() => 1)]
  const sums = convolution(e, conv, context.integers(conv.inputs[0]!))
  return [emitScaleFix(e, sums, conv.scaleFix, channels, context.chip)]
}

function convolution(e: Emitter, conv: FixedConv, input: Integers): Integers {
  const { dims, data } = conv.weights
  if (conv.accumulatorBound < FLOAT32_LIMIT) return partialConvolution(e, conv, input, data, conv.accumulatorBound)
  // w = 16 high + low with |low| <= 8: two sums of a sixteenth of the size, put together in float64.
  const high = data.map((weight) => Math.round(weight / 16))
  const low = data.map((weight, index) => weight - 16 * high[index]!)
  const [highBound, lowBound] = [high, low].map((part) => largestRow(part, dims[0]!) * input.bound) as [number, number]
  if (Math.max(highBound, lowBound) >= FLOAT32_LIMIT) {
    const message = `The convolution "${conv.name}" sums ${data.length / dims[0]!} products a value, too many for an exact float32 sum: split it.`
    throw new SquireError('UNSUPPORTED', message)
  }
  const highSum = toFloat64(e, partialConvolution(e, conv, input, high, highBound))
  const sixteenfold = e.emit('Mul', [highSum.name, e.scalar('float64', 16)])
  const lowSum = partialConvolution(e, conv, input, low, lowBound)
  return { ...sum(e, { ...highSum, name: sixteenfold }, lowSum), bound: conv.accumulatorBound }
}

function partialConvolution(e: Emitter, conv: FixedConv, input: Integers, weights: Int8Array, bound: number): Integers {
  const { dims } = conv.weights
  const stored = e.initializer('weights', DataType.INT8, dims, weights)
  const attributes = [
    makeAttribute('group', conv.group),
    makeAttribute('kernel_shape', dims.slice(2)),
    makeAttribute('strides', conv.strides),
    makeAttribute('dilations', conv.dilations),
    makeAttribute('pads', conv.pads),
  ]
  const name = e.emit('Conv', [input.name, cast(e, stored, DataType.FLOAT)], attributes)
  return { name, type: 'float32', bound }
}

/** The largest sum of magnitudes over one output channel's weights. */
function largestRow(weights: Int8Array, rows: number): number {
  const length = weights.length / rows
  let most = 0
  for (let row = 0; row < rows; row++) {
    const magnitude = weights.subarray(row * length, (row + 1) * length).reduce((total, w) => total + Math.abs(w), 0)
    most = Math.max(most, magnitude)
  }
  return most
}

/** Per-channel arithmetic is a convolution to the plan; as a Mul or an Add it keeps its float constants. */
export function qdqConv(e: Emitter, node: NodeProto, conv: FixedConv, context: QdqContext): NodeProto {
  if (node.opType !== 'Conv') return node
  const { dims, data } = conv.weights
  return onIntegerWeights(e, node, { axis: 0, dims, data, scales: Float32Array.from(conv.weightScales) }, conv, context)
}
