// A normalization as ONNX nodes on integers, all of them exact:
// - floor(2^52 / D): a quotient that is no integer is at least 1 / D from one, and float64 rounds it by 2^-53 of itself, less than half of that.
// - floor(sqrt(N)) for N < 2^52: below a square m^2 the root is at least 1 / (2 m) below m, and is rounded by less than half of that.
// - |rshift(c, p) R| < 2^(27 + k - p): with |c| <= 2^k (|v| + 1/2), R <= 2^26 / sqrt(D) and D >= max(v^2, 1).

import { clip, FLOAT32_LIMIT, type Integers, narrow, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import { emitScaling } from '../scaling/emit.js'
import { type FixedNormalization, NORMALIZED_SHIFT, normalizedRange } from './solve.js'

export function emitNormalization(e: Emitter, operator: FixedNormalization, context: EmitContext): string[] {
  const { varianceShift, centeredShift, scaling } = operator
  const input = context.integers(operator.inputs[0]!)
  const centered = center(e, inGroups(e, input, operator), operator)
  const inverse = inverseDeviation(e, requantize(e, centered, 1, varianceShift), operator)
  const scaled: Integers = {
    name: e.emit('Mul', [toFloat64(e, requantize(e, centered, 1, centeredShift)).name, inverse]),
    type: 'float64',
    bound: 2 ** (27 + varianceShift - centeredShift),
  }
  const [low, high] = normalizedRange
  const normalized = clip(e, requantize(e, scaled, 1, varianceShift - centeredShift + NORMALIZED_SHIFT), low, high)
  const narrowed = narrow(e, normalized)
  if (operator.groups === undefined) return [emitScaling(e, narrowed, scaling)]
  const name = e.emit('Reshape', [narrowed.name, e.emit('Shape', [input.name])])
  return [emitScaling(e, { ...narrowed, name }, scaling)]
}

/** As [batch, groups, rest] where rows are groups. */
function inGroups(e: Emitter, x: Integers, { groups }: FixedNormalization): Integers {
  if (groups === undefined) return x
  const shape = e.initializer('groups', DataType.INT64, [3], BigInt64Array.of(0n, BigInt(groups), -1n))
  return { ...x, name: e.emit('Reshape', [x.name, shape]) }
}

/** n x - sum x, or n x */
function center(e: Emitter, x: Integers, { length, axes, centered }: FixedNormalization): Integers {
  const bound = 2 * length * x.bound
  const from = bound < FLOAT32_LIMIT ? x : toFloat64(e, x)
  const sums = centered ? e.emit('ReduceSum', [from.name, axesInput(e, axes)]) : ''
  const multiplied = e.emit('Mul', [from.name, e.scalar(from.type, length)])
  if (!centered) return { name: multiplied, type: from.type, bound }
  return { name: e.emit('Sub', [multiplied, sums]), type: from.type, bound }
}

/** R, float64. */
function inverseDeviation(e: Emitter, v: Integers, { axes, epsilonInt }: FixedNormalization): string {
  const wide = toFloat64(e, v).name
  const squares = e.emit('ReduceSum', [e.emit('Mul', [wide, wide]), axesInput(e, axes)])
  const variance = e.emit('Add', [squares, e.scalar('float64', epsilonInt)])
  const quotient = e.emit('Floor', [e.emit('Div', [e.scalar('float64', 2 ** 52), variance])])
  return e.emit('Floor', [e.emit('Sqrt', [quotient])])
}

function axesInput(e: Emitter, axes: readonly number[]): string {
  return e.initializer('axes', DataType.INT64, [axes.length], BigInt64Array.from(axes, BigInt))
}
