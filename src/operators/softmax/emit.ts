// Softmax as ONNX nodes on integers. The quotients are exact: numerator and denominator are integers below 2^33, so that a quotient that is not an
// integer is at least 2^-33 away from one, far more than float64 rounds it by.

import {
  cast,
  FLOAT32_LIMIT,
  finish,
  type Integers,
  product,
  requantize,
  sum,
  toFloat64,
} from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { reduce } from '../../emit/reduce.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import { type Exponentials, type FixedLogSum, type FixedSoftmax, FRACTION_BITS, SEGMENT_BITS } from './solve.js'

const ONE = 2 ** FRACTION_BITS

export function emitSoftmax(e: Emitter, operator: FixedSoftmax, context: EmitContext): string[] {
  const { requantize: by, bounds } = operator
  const { distances } = distancesIn(e, operator, context)
  const powers = exponentials(e, distances, operator)
  const shares = share(e, powers, sumsOf(e, powers, operator, context))
  return [finish(e, requantize(e, shares, by.multiplier, by.shift), bounds.low, bounds.high)]
}

export function emitLogSum(e: Emitter, operator: FixedLogSum, context: EmitContext): string[] {
  const { reduces, keepDims, axes, q2, bounds } = operator
  const [first, second] = operator.requantize
  const { bound } = context.integers(operator.inputs[0]!)
  const { largest, distances } = distancesIn(e, operator, context)
  const logarithms = logarithm(e, sumsOf(e, exponentials(e, distances, operator), operator, context), operator)
  const own: Integers = { name: reduces ? largest : distances, type: 'float32', bound: 2 * bound }
  const total = sum(
    e,
    requantize(e, own, reduces ? first.multiplier : -first.multiplier, first.shift),
    requantize(e, logarithms, second.multiplier, second.shift),
  )
  const result = finish(e, requantize(e, total, 1, q2), bounds.low, bounds.high)
  if (!reduces || keepDims) return [result]
  const along = e.initializer('axes', DataType.INT64, [axes.length], BigInt64Array.from(axes, BigInt))
  return [e.emit('Squeeze', [result, along])]
}

interface Rows {
  readonly axes: readonly number[]
  readonly length: number
}

/** Each row's maximum, and how far below it the values lie. */
function distancesIn(e: Emitter, operator: FixedSoftmax | FixedLogSum, context: EmitContext) {
  const { name } = context.integers(operator.inputs[0]!)
  const rows = { axes: operator.axes, keepDims: true }
  const largest = reduce(e, 'ReduceMax', name, rows, context.opset)
  return { largest, distances: e.emit('Sub', [largest, name]) }
}

function sumsOf(e: Emitter, powers: Integers, { axes, length }: Rows, { opset }: EmitContext): Integers {
  const bound = length * ONE
  const from = bound < FLOAT32_LIMIT ? powers : toFloat64(e, powers)
  return { ...from, name: reduce(e, 'ReduceSum', from.name, { axes, keepDims: true }, opset), bound }
}

/** L in units of 2^-15: p is counted, as logarithms in floating point may round either way at a power of two. */
function logarithm(e: Emitter, sums: Integers, { powers, logarithms, rank }: FixedLogSum): Integers {
  const wide = toFloat64(e, sums).name
  const most = powers.length - 1
  const index = (name: string) => cast(e, name, DataType.INT32)
  const table = (values: readonly number[], at: string): Integers => {
    const stored = e.vector('table', 'float64', [values.length], values)
    return { name: e.emit('Gather', [stored, at]), type: 'float64', bound: Math.max(...values) }
  }
  const p = index(most === 0 ? e.emit('Sub', [wide, wide]) : reached(e, wide, most, rank))
  const shifted = e.emit('Floor', [
    e.emit('Div', [
      wide,
      table(
        powers.map((_, k) => 2 ** k),
        p,
      ).name,
    ]),
  ])
  const m = e.emit('Sub', [shifted, e.scalar('float64', ONE)])
  const segment = 2 ** SEGMENT_BITS
  const i = e.emit('Floor', [e.emit('Div', [m, e.scalar('float64', segment)])])
  const rest = e.emit('Sub', [m, e.emit('Mul', [i, e.scalar('float64', segment)])])
  const r: Integers = { name: rest, type: 'float64', bound: segment - 1 }
  const steps = logarithms.slice(1).map((value, at) => value - logarithms[at]!)
  const at = index(i)
  const part = requantize(e, product(e, table(steps, at), r), 1, SEGMENT_BITS)
  return sum(e, table(powers, p), sum(e, table(logarithms.slice(0, -1), at), part))
}

/** How many of 2^16, 2^17... a sum reaches: they lie along an axis in front of the others. */
function reached(e: Emitter, sums: string, most: number, rank: number): string {
  const limits = Array.from({ length: most }, (_, k) => ONE * 2 ** (k + 1))
  const stored = e.vector('limits', 'float64', [most, ...new Array<number>(rank).fill(1)], limits)
  const each = cast(e, e.emit('GreaterOrEqual', [sums, stored]), DataType.DOUBLE)
  const along = e.initializer('axes', DataType.INT64, [1], BigInt64Array.of(0n))
  return e.emit('ReduceSum', [each, along], [makeAttribute('keepdims', 0)])
}

function exponentials(e: Emitter, distances: string, { highTable, lowTable }: Exponentials): Integers {
  if (highTable.length === 1) return lookUp(e, lowTable, distances)
  const high = e.emit('Floor', [e.emit('Mul', [distances, e.scalar('float32', 1 / 256)])])
  const low = e.emit('Sub', [distances, e.emit('Mul', [high, e.scalar('float32', 256)])])
  return requantize(e, product(e, lookUp(e, highTable, high), lookUp(e, lowTable, low)), 1, FRACTION_BITS)
}

function lookUp(e: Emitter, table: readonly number[], index: string): Integers {
  const stored = e.vector('table', 'float32', [table.length], table)
  return { name: e.emit('Gather', [stored, cast(e, index, DataType.INT32)]), type: 'float32', bound: ONE }
}

/** floor((2^16 e + S) / (2 S)) */
function share(e: Emitter, powers: Integers, sums: Integers): Integers {
  const total = toFloat64(e, sums).name
  const doubled = e.emit('Mul', [toFloat64(e, powers).name, e.scalar('float64', 2 * ONE)])
  const divisor = e.emit('Mul', [total, e.scalar('float64', 2)])
  const quotient = e.emit('Div', [e.emit('Add', [doubled, total]), divisor])
  return { name: e.emit('Floor', [quotient]), type: 'float64', bound: ONE }
}
