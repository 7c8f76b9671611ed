// Softmax as ONNX nodes on integers. The quotients are exact: numerator and denominator are integers below 2^33, so that a quotient that is not an
// integer is at least 2^-33 away from one, far more than float64 rounds it by.

import { cast, FLOAT32_LIMIT, finish, type Integers, product, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { makeNode } from '../../onnx/node.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import { type FixedSoftmax, FRACTION_BITS } from './solve.js'

const ONE = 2 ** FRACTION_BITS

export function emitSoftmax(e: Emitter, operator: FixedSoftmax, context: EmitContext): string[] {
  const { length, requantize: by, bounds } = operator
  const distances = e.emit('Sub', [
    rowMaximum(e, context.integers(operator.inputs[0]!)),
    context.integers(operator.inputs[0]!).name,
  ])
  const powers = exponentials(e, distances, operator)
  const sums = rowSum(e, powers, length)
  const shares = share(e, powers, sums)
  return [finish(e, requantize(e, shares, by.multiplier, by.shift), bounds.low, bounds.high)]
}

/** ReduceMax has its axes in other places in other opsets; TopK has not. */
function rowMaximum(e: Emitter, { name }: Integers): string {
  const one = e.initializer('one', DataType.INT64, [1], BigInt64Array.of(1n))
  const [values, indices] = ['maximum', 'maximum_at'].map((wish) => e.builder.name(`${e.operator}/${wish}`))
  e.builder.add(makeNode('TopK', [name, one], [values!, indices!], [], `${e.operator}/TopK`))
  return values!
}

function exponentials(e: Emitter, distances: string, { highTable, lowTable }: FixedSoftmax): Integers {
  if (highTable.length === 1) return lookUp(e, lowTable, distances)
  const high = e.emit('Floor', [e.emit('Mul', [distances, e.scalar('float32', 1 / 256)])])
  const low = e.emit('Sub', [distances, e.emit('Mul', [high, e.scalar('float32', 256)])])
  return requantize(e, product(e, lookUp(e, highTable, high), lookUp(e, lowTable, low)), 1, FRACTION_BITS)
}

function lookUp(e: Emitter, table: readonly number[], index: string): Integers {
  const stored = e.vector('table', 'float32', [table.length], table)
  return { name: e.emit('Gather', [stored, cast(e, index, DataType.INT32)]), type: 'float32', bound: ONE }
}

function rowSum(e: Emitter, x: Integers, length: number): Integers {
  const bound = length * ONE
  const from = bound < FLOAT32_LIMIT ? x : toFloat64(e, x)
  const axis = e.initializer('axis', DataType.INT64, [1], BigInt64Array.of(-1n))
  return { name: e.emit('ReduceSum', [from.name, axis]), type: from.type, bound }
}

/** floor((2^16 e + S) / (2 S)) */
function share(e: Emitter, powers: Integers, sums: Integers): Integers {
  const total = toFloat64(e, sums).name
  const doubled = e.emit('Mul', [toFloat64(e, powers).name, e.scalar('float64', 2 * ONE)])
  const divisor = e.emit('Mul', [total, e.scalar('float64', 2)])
  const quotient = e.emit('Div', [e.emit('Add', [doubled, total]), divisor])
  return { name: e.emit('Floor', [quotient]), type: 'float64', bound: ONE }
}
