// Convolutions and matrix products with int8 weights, in floating point. A sum whose every partial sum stays below 2^24 is
// exact in float32 in any order of summation.
//
// Weights are stored as int8 and cast: the file stays small, and a runtime folds the cast when it loads the model.

import { SquireError } from '../errors.js'
import type { ChipProfile, FixedConv, FixedMatMul } from '../fixedpoint/types.js'
import { makeAttribute } from '../onnx/attribute.js'
import { DataType } from '../onnx/types.js'
import { cast, FLOAT32_LIMIT, type Integers, sum, toFloat64 } from './arithmetic.js'
import type { Emitter } from './builder.js'
import { emitScaleFix } from './scaleFix.js'

export function emitConv(e: Emitter, conv: FixedConv, input: Integers, chip: ChipProfile): string {
  const channels = [1, conv.weights.dims[0]!, ...conv.strides.map(() => 1)]
  return emitScaleFix(e, convolution(e, conv, input), conv.scaleFix, channels, chip)
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

export function emitMatMul(e: Emitter, matmul: FixedMatMul, input: Integers, chip: ChipProfile): string {
  return emitScaleFix(e, matrixProduct(e, matmul, input), matmul.scaleFix, [matmul.weights.dims[1]], chip)
}

/**
 * In float64 from here on, and never straight into a Mul or Div: onnxruntime fuses a scalar factor behind a MatMul into it, rounded to
 * float32 at that. What stands between is a Cast or, where the product is float64 itself, a Clip that clips nothing.
 */
function matrixProduct(e: Emitter, { weights, accumulatorBound }: FixedMatMul, input: Integers): Integers {
  const stored = e.initializer('weights', DataType.INT8, weights.dims, weights.data)
  if (accumulatorBound < FLOAT32_LIMIT) {
    const name = e.emit('MatMul', [input.name, cast(e, stored, DataType.FLOAT)])
    return toFloat64(e, { name, type: 'float32', bound: accumulatorBound })
  }
  const name = e.emit('MatMul', [toFloat64(e, input).name, cast(e, stored, DataType.DOUBLE)])
  const bounds = [-accumulatorBound, accumulatorBound].map((bound) => e.scalar('float64', bound))
  return { name: e.emit('Clip', [name, ...bounds]), type: 'float64', bound: accumulatorBound }
}
