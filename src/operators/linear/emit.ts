// Matrix products with integer weights, in floating point.

import { cast, FLOAT32_LIMIT, type Integers, sum, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { emitScaleFix } from '../../emit/scaleFix.js'
import { type IntegerArray, rangeOf } from '../../fixedpoint/width.js'
import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import { transposed } from '../../onnx/elements/transposed.js'
import { makeNode } from '../../onnx/node.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import { onIntegerWeights, type WeightLayout } from '../accumulation/qdq.js'
import type { EmitContext, QdqContext } from '../contexts.js'
import type { FixedLinear } from './solve.js'

export function emitLinear(e: Emitter, linear: FixedLinear, context: EmitContext): string[] {
  const sums = matrixProduct(e, linear, context.integers(linear.inputs[0]!))
  return [emitScaleFix(e, sums, linear.scaleFix, [linear.weights.dims[1]], context.arithmetic(linear.inputs[0]!))]
}

/** One product in float32 where that holds every sum; else several, of as many rows each as it does; else one in float64. */
function matrixProduct(e: Emitter, { weights, accumulatorBound }: FixedLinear, input: Integers): Integers {
  const [depth, columns] = weights.dims
  const ends = accumulatorBound < FLOAT32_LIMIT ? [depth] : blockEnds(weights.data, columns, input.bound)
  if (input.type === 'float64' || ends === undefined) {
    const stored = e.integers('weights', weights.dims, weights.data)
    const name = e.emit('MatMul', [toFloat64(e, input).name, cast(e, stored, DataType.DOUBLE)])
    return { name, type: 'float64', bound: accumulatorBound }
  }
  const products = ends.map((end, i): Integers => {
    const from = i === 0 ? 0 : ends[i - 1]!
    const part = weights.data.subarray(from * columns, end * columns)
    const stored = e.integers('weights', [end - from, columns], part)
    const values = ends.length === 1 ? input.name : lastAxis(e, input.name, from, end)
    const name = e.emit('MatMul', [values, cast(e, stored, DataType.FLOAT)])
    return { name, type: 'float32', bound: Math.min(accumulatorBound, FLOAT32_LIMIT) }
  })
  const [first, ...more] = products
  const total = more.reduce((left, right) => sum(e, left, right), first!)
  return { ...total, bound: accumulatorBound }
}

/** Fewer rows in a product than this would make more work of the sums than float64 makes of the products. */
const LEAST_ROWS = 128

/** Of weights that several models are written from. */
const knownEnds = new WeakMap<IntegerArray, { readonly bound: number; readonly ends: number[] | undefined }>()

/** Where to cut the rows so that no sum over a block leaves float32, for inputs of at most `bound`; undefined where blocks would be too small. */
function blockEnds(weights: IntegerArray, columns: number, bound: number): number[] | undefined {
  const known = knownEnds.get(weights)
  if (known?.bound === bound) return known.ends
  const ends = foundEnds(weights, columns, bound)
  knownEnds.set(weights, { bound, ends })
  return ends
}

function foundEnds(weights: IntegerArray, columns: number, bound: number): number[] | undefined {
  const depth = weights.length / columns
  const ends: number[] = []
  for (let from = 0, end = 0; end < depth; from = end) {
    end = from + fittingRows(weights.subarray(from * columns), columns, bound)
    if (end < depth && end - from < LEAST_ROWS) return undefined
    ends.push(end)
  }
  return ends
}

/** How many of the first rows have sums below FLOAT32_LIMIT in every column, whatever the inputs' signs. */
function fittingRows(weights: IntegerArray, columns: number, bound: number): number {
  const sums = new Int32Array(columns)
  const largest = -rangeOf(8 * weights.BYTES_PER_ELEMENT)[0] * bound
  const rows = weights.length / columns
  // So many further rows fit whatever their weights are: the sums need no look before.
  let sure = Math.floor((FLOAT32_LIMIT - 1) / largest)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) sums[column]! += Math.abs(weights[at]!)
    if (row < sure) continue
    const most = bound * sums.reduce((most, sum) => Math.max(most, sum), 0)
    if (most >= FLOAT32_LIMIT) return row
    sure = row + 1 + Math.floor((FLOAT32_LIMIT - 1 - most) / largest)
  }
  return rows
}

/** Values [from, end) of the last axis. */
function lastAxis(e: Emitter, x: string, from: number, end: number): string {
  const vector = (value: number) => e.initializer('bounds', DataType.INT64, [1], BigInt64Array.of(BigInt(value)))
  return e.emit('Slice', [x, vector(from), vector(end), vector(-1)])
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
