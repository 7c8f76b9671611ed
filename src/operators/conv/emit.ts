// Convolutions with integer weights, in floating point. A sum whose every partial sum stays below 2^24 is exact in float32 in any order of
// summation; a larger one is a sum of such convolutions, of parts of the input and of the weights.
//
// Weights are stored as integers and cast: the file stays small, and a runtime folds the cast when it loads the model.

import { cast, FLOAT32_LIMIT, type Integers, requantize, sum, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { emitScaleFix } from '../../emit/scaleFix.js'
import { SquireError } from '../../errors.js'
import type { Reach, SignedSums } from '../../fixedpoint/weights.js'
import type { IntegerArray } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import { onIntegerWeights } from '../accumulation/qdq.js'
import type { EmitContext, QdqContext } from '../contexts.js'
import { type FixedConv, integerRows } from './solve.js'

export function emitConv(e: Emitter, conv: FixedConv, context: EmitContext): string[] {
  const [input] = conv.inputs
  const channels = [1, conv.weights.dims[0]!, ...conv.strides.map(() => 1)]
  const x = context.integers(input!)
  const [low, high] = context.range(input!)
  const reaches = channelSums(conv).map((sums) => reachOf(sums, Math.min(low, 0), Math.max(high, 0)))
  const sums = { ...convolution(e, conv, x), reaches }
  return [emitScaleFix(e, sums, conv.scaleFix, channels, context.arithmetic(input!))]
}

/** Of weights that several models are written from. */
const knownSums = new WeakMap<IntegerArray, readonly SignedSums[]>()

function channelSums(conv: FixedConv): readonly SignedSums[] {
  const { data } = conv.weights
  const sums = knownSums.get(data) ?? integerRows(conv).map(signedSums)
  knownSums.set(data, sums)
  return sums
}

function signedSums(weights: IntegerArray): SignedSums {
  let [sum, magnitude] = [0, 0]
  for (let k = 0; k < weights.length; k++) {
    sum += weights[k]!
    magnitude += Math.abs(weights[k]!)
  }
  return { positive: (magnitude + sum) / 2, negative: (sum - magnitude) / 2 }
}

/** Between what the sums over a channel's weights lie, for inputs in [low, high], which padding makes contain 0. */
function reachOf({ positive, negative }: SignedSums, low: number, high: number): Reach {
  return { up: positive * high + negative * low, down: positive * low + negative * high }
}

/** x = sum of factor * part. */
interface Part<T> {
  readonly part: T
  readonly factor: number
}

function convolution(e: Emitter, conv: FixedConv, input: Integers): Integers {
  const { dims, data } = conv.weights
  if (conv.accumulatorBound < FLOAT32_LIMIT) return partialConvolution(e, conv, input, data, conv.accumulatorBound)
  const inputs = bytesOf(e, input)
  const weights = weightParts(conv, data, inputs[0]!.part.bound)
  let total: Integers | undefined
  for (const x of inputs) {
    for (const w of weights) {
      const bound = largestRow(w.part, dims[0]!) * x.part.bound
      const partial = toFloat64(e, partialConvolution(e, conv, x.part, w.part, bound))
      const factor = x.factor * w.factor
      const name = factor === 1 ? partial.name : e.emit('Mul', [partial.name, e.scalar('float64', factor)])
      const term: Integers = { name, type: 'float64', bound: bound * factor }
      total = total ? sum(e, total, term) : term
    }
  }
  return { ...total!, bound: conv.accumulatorBound }
}

/** x = 256 high + low with |high| and |low| <= 128, where x is wider than a byte. */
function bytesOf(e: Emitter, x: Integers): Part<Integers>[] {
  if (x.bound <= 128) return [{ part: x, factor: 1 }]
  const high = requantize(e, x, 1, 8)
  const low = sum(e, x, { ...high, name: e.emit('Mul', [high.name, e.scalar(high.type, -256)]), bound: x.bound })
  return [
    { part: high, factor: 256 },
    { part: { ...low, bound: 128 }, factor: 1 },
  ]
}

/** Of weights whose sums may leave float32: w = radix * high + low, and so on until every part's sums fit. */
function weightParts(conv: FixedConv, weights: IntegerArray, inputBound: number): Part<IntegerArray>[] {
  if (largestRow(weights, conv.weights.dims[0]!) * inputBound < FLOAT32_LIMIT) return [{ part: weights, factor: 1 }]
  const most = largestMagnitude(weights)
  const bits = most > 128 ? 8 : 4
  const radix = 2 ** bits
  if (most <= radix / 2) {
    const products = weights.length / conv.weights.dims[0]!
    const message = `The convolution "${conv.name}" sums ${products} products a value, too many for an exact float32 sum: split it.`
    throw new SquireError('UNSUPPORTED', message)
  }
  const [high, low] = [weights.slice(), weights.slice()]
  const half = radix / 2
  for (let k = 0; k < high.length; k++) {
    const weight = weights[k]!
    const upper = (weight + half) >> bits
    high[k] = upper
    low[k] = weight - (upper << bits)
  }
  return [
    ...weightParts(conv, high, inputBound).map(({ part, factor }) => ({ part, factor: factor * radix })),
    ...weightParts(conv, low, inputBound),
  ]
}

function largestMagnitude(weights: IntegerArray): number {
  let most = 0
  for (let k = 0; k < weights.length; k++) most = Math.max(most, Math.abs(weights[k]!))
  return most
}

function partialConvolution(
  e: Emitter,
  conv: FixedConv,
  input: Integers,
  weights: IntegerArray,
  bound: number,
): Integers {
  const { dims } = conv.weights
  const stored = e.integers('weights', dims, weights)
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

/** The largest sum of magnitudes over an output channel's weights. */
function largestRow(weights: IntegerArray, rows: number): number {
  const length = weights.length / rows
  let largest = 0
  for (let row = 0; row < rows; row++) {
    const { positive, negative } = signedSums(weights.subarray(row * length, (row + 1) * length))
    largest = Math.max(largest, positive - negative)
  }
  return largest
}

/** Per-channel arithmetic is a convolution to the plan; as a Mul or an Add it keeps its float constants. */
export function qdqConv(e: Emitter, node: NodeProto, conv: FixedConv, context: QdqContext): NodeProto {
  const { dims, data } = conv.weights
  if (node.opType !== 'Conv' || !(data instanceof Int8Array)) return node
  return onIntegerWeights(e, node, { axis: 0, dims, data, scales: Float32Array.from(conv.weightScales) }, conv, context)
}
