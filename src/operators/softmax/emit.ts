// Softmax as ONNX nodes on integers. The quotients are exact: numerator and denominator are integers below 2^33, so that a quotient that is not an
// integer is at least 2^-33 away from one, far more than float64 rounds it by.

import { cast, FLOAT32_LIMIT, finish, type Integers, product, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { reduce } from '../../emit/reduce.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import { type FixedSoftmax, FRACTION_BITS } from './solve.js'

const ONE = 2 ** FRACTION_BITS

export function emitSoftmax(e: Emitter, operator: FixedSoftmax, context: EmitContext): string[] {
  const { axes, length, requantize: by, bounds } = operator
  const rows = { axes, keepDims: true }
  const { name } = context.integers(operator.inputs[0]!)
  const distances = e.emit('Sub', [reduce(e, 'ReduceMax', name, rows, context.opset), name])
  const powers = exponentials(e, distances, operator)
  const bound = length * ONE
  const from = bound < FLOAT32_LIMIT ? powers : toFloat64(e, powers)
  const sums = { ...from, name: reduce(e, 'ReduceSum', from.name, rows, context.opset), bound }
  const shares = share(e, powers, sums)
  return [finish(e, requantize(e, shares, by.multiplier, by.shift), bounds.low, bounds.high)]
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

/** floor((2^16 e + S) / (2 S)) */
function share(e: Emitter, powers: Integers, sums: Integers): Integers {
  const total = toFloat64(e, sums).name
  const doubled = e.emit('Mul', [toFloat64(e, powers).name, e.scalar('float64', 2 * ONE)])
  const divisor = e.emit('Mul', [total, e.scalar('float64', 2)])
  const quotient = e.emit('Div', [e.emit('Add', [doubled, total]), divisor])
  return { name: e.emit('Floor', [quotient]), type: 'float64', bound: ONE }
}
