// Tables as ONNX nodes.

import { cast, finish, type Integers, product, requantize, sum } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { integerArray, rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import type { FixedLut } from './solve.js'
import { pointsOf, type Spacing } from './spacing.js'

/**
 * Looks inputs of 8 bits up. GatherElements over flat indices, of which negative ones count from the end: in onnxruntime it is 6 to 10
 * times as fast as Gather or GatherND (bench/lookup.ts).
 * (onnx's reference evaluator needs a GatherElements of its own for it: the one it has holds 64 entries at most.)
 */
export function emitLut(e: Emitter, operator: FixedLut, context: Pick<EmitContext, 'integers'>): string[] {
  const input = context.integers(operator.inputs[0]!)
  const { spacing } = operator
  if (spacing?.kind === 'even') return [interpolate(e, operator, spacing.bits, input)]
  if (spacing?.kind === 'octaves') return [lookEveryInputUp(e, operator, spacing, input)]
  const entries = Float32Array.from(operator.table)
  const rotated = Float32Array.from([...entries.subarray(128), ...entries.subarray(0, 128)])
  const table = e.initializer('table', DataType.FLOAT, [256], rotated)
  return [lookUpAll(e, table, input)]
}

/** In real values: what is below the value that 0 stands for becomes that value. */
export function liftZero(e: Emitter, input: string, { zero }: FixedLut): string {
  return zero === 0 ? input : e.emit('Max', [input, e.scalar('float32', zero)])
}

/** The integers of every input, once for all: finding an octave takes more nodes than two lookups. */
function lookEveryInputUp(e: Emitter, operator: FixedLut, spacing: Spacing, input: Integers): string {
  const { table, fractionBits } = operator
  const points = pointsOf(spacing, 16)
  const results = integerArray(16 - fractionBits, 2 ** 16)
  const one = 2 ** fractionBits
  // Negative inputs count from the end.
  const put = (x: number, value: number) => (results[x < 0 ? 2 ** 16 + x : x] = value)
  points.forEach((from, i) => {
    const to = points[i + 1] ?? from
    const length = Math.abs(to) > Math.abs(from) ? Math.abs(to - from) : 0
    if (length === 0 && from < 0) put(from, nearest(table[i]! / one))
    for (let r = 0; r < length; r++) {
      const sum = table[i]! * length + (table[i + 1]! - table[i]!) * r
      put(from + Math.sign(to - from) * r, nearest(sum / (length * one)))
    }
  })
  return cast(e, lookUpAll(e, e.integers('results', [2 ** 16], results), input), DataType.FLOAT)
}

/** Halves away from zero. */
function nearest(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5)
}

function lookUpAll(e: Emitter, table: string, input: Integers): string {
  const shape = e.emit('Shape', [input.name])
  const flat = e.emit('Reshape', [input.name, e.builder.flatShape()])
  return e.emit('Reshape', [lookUp(e, table, cast(e, flat, DataType.INT32)), shape])
}

/** Inputs of 16 bits: the point before, and a part of the step to the next. */
function interpolate(e: Emitter, { table, fractionBits }: FixedLut, segmentBits: number, input: Integers): string {
  const segment = 2 ** segmentBits
  const steps = Float32Array.from(table.subarray(0, -1), (start, index) => table[index + 1]! - start)
  const starts = Float32Array.from(table.subarray(0, -1), (start) => start * segment)
  const shape = e.emit('Shape', [input.name])
  const flat = e.emit('Reshape', [input.name, e.builder.flatShape()])
  const place = e.emit('Add', [flat, e.scalar('float32', 2 ** 15)])
  const from = e.emit('Floor', [e.emit('Div', [place, e.scalar('float32', segment)])])
  const rest = e.emit('Sub', [place, e.emit('Mul', [from, e.scalar('float32', segment)])])
  const index = cast(e, from, DataType.INT32)
  const look = (name: string, values: Float32Array): Integers => {
    const stored = e.initializer(name, DataType.FLOAT, [values.length], values)
    return {
      name: lookUp(e, stored, index),
      type: 'float32',
      bound: values.reduce((m, x) => Math.max(m, Math.abs(x)), 0),
    }
  }
  const step = product(e, look('steps', steps), { name: rest, type: 'float32', bound: segment - 1 })
  // The sum lies between two points.
  const bound = starts.reduce((most, start) => Math.max(most, Math.abs(start)), Math.abs(table.at(-1)!) * segment)
  const total = { ...sum(e, look('table', starts), step), bound }
  const y = requantize(e, total, 1, segmentBits + fractionBits)
  return e.emit('Reshape', [finish(e, y, ...rangeOf(16)), shape])
}

function lookUp(e: Emitter, table: string, index: string): string {
  return e.emit('GatherElements', [table, index], [makeAttribute('axis', 0)])
}
