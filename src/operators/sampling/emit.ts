// The values at each corner are gathered from the flattened input, which zeros surround where zeros lie beyond it.

import {
  cast,
  clipAlways,
  finish,
  type Integers,
  product,
  requantize,
  shiftBy,
  sum,
  toFloat64,
} from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import { type FixedAxis, type FixedSampling, FRACTION_BITS } from './solve.js'

const UNIT = 2 ** FRACTION_BITS

export function emitSampling(e: Emitter, operator: FixedSampling, context: EmitContext): string[] {
  const { batch, channels, space, points, axes, interpolates, beyond } = operator
  const room = beyond === 'zeros' ? 1 : 0
  const sizes = space.map((size) => size + 2 * room)
  const input = context.integers(operator.inputs[0]!)
  const flat = flatten(e, input.name, operator, room)
  const places = axes.map((axis, at) => placeAlong(e, axis, at, operator, context))
  const count = interpolates ? 2 ** axes.length : 1
  const corners = Array.from({ length: count }, (_, corner): Integers => {
    const sides = axes.map((_, axis) => (corner >> axis) & 1)
    const steps = places.map(({ before }, axis) => within(e, before, sides[axis]! + room, sizes[axis]! - 1))
    const index = expanded(e, indexOf(e, steps, sizes), [batch, channels, elementCount(points)])
    const values = e.emit('GatherElements', [flat, index], [makeAttribute('axis', 2)])
    const found: Integers = { ...input, name: values }
    if (!interpolates) return found
    const weights = places.map(({ rest, left }, axis) => (sides[axis] === 1 ? rest : left))
    return product(
      e,
      weights.reduce((a, b) => product(e, a, b)),
      found,
    )
  })
  const total = corners.reduce((a, b) => sum(e, a, b))
  const rounded = interpolates ? requantize(e, total, 1, FRACTION_BITS * axes.length) : total
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  return [reshape(e, finish(e, rounded, low, high), [batch, channels, ...points])]
}

/** [N, C, values], with a zero before the first and behind the last of each axis where there is to be room. */
function flatten(e: Emitter, x: string, { batch, channels, space }: FixedSampling, room: number): string {
  const around = [0, 0, ...space.map(() => room)]
  const padded = room === 0 ? x : e.emit('Pad', [x, int64(e, 'pads', [...around, ...around])])
  return reshape(e, padded, [batch, channels, elementCount(space.map((size) => size + 2 * room))])
}

interface Place {
  /** The value before the place; the nearest one, where nothing is interpolated. */
  readonly before: Integers
  /** What is left of a unit behind `before`, and what lacks to the next. */
  readonly rest: Integers
  readonly left: Integers
}

/** [N, 1, points] along one axis of the input, which is a column of the grid. */
function placeAlong(e: Emitter, axis: FixedAxis, at: number, operator: FixedSampling, context: EmitContext): Place {
  const u = toFloat64(e, unitsAlong(e, axis, at, operator, context))
  const units = e.scalar('float64', UNIT)
  // Round takes the even one of two that are as near.
  const before = e.emit(operator.interpolates ? 'Floor' : 'Round', [e.emit('Div', [u.name, units])])
  const rest = e.emit('Sub', [u.name, e.emit('Mul', [before, units])])
  return {
    before: { name: before, type: 'float64', bound: Math.ceil(u.bound / UNIT) },
    rest: { name: rest, type: 'float64', bound: UNIT },
    left: { name: e.emit('Sub', [units, rest]), type: 'float64', bound: UNIT },
  }
}

function unitsAlong(
  e: Emitter,
  { places, low, high }: FixedAxis,
  at: number,
  { batch, points, space, inputs }: FixedSampling,
  context: EmitContext,
): Integers {
  const dims = [batch, 1, elementCount(points)]
  const bound = Math.max(Math.abs(low), Math.abs(high))
  if ('data' in places) return { name: e.vector('places', 'float64', dims, places.data), type: 'float64', bound }
  const grid = context.integers(inputs[1]!)
  const column = e.initializer('column', DataType.INT64, [], BigInt64Array.of(BigInt(space.length - 1 - at)))
  const own = e.emit('Gather', [grid.name, column], [makeAttribute('axis', -1)])
  const { requantize: by, offset } = places
  const scaled = requantize(e, { ...grid, name: reshape(e, own, dims) }, by.multiplier, by.shift)
  return clipAlways(e, shiftBy(e, scaled, offset), low, high)
}

/** before + step, at most the last place there is: what lies beyond has no weight. */
function within(e: Emitter, before: Integers, step: number, last: number): string {
  const moved = step === 0 ? before.name : e.emit('Add', [before.name, e.scalar('float64', step)])
  return e.emit('Min', [moved, e.scalar('float64', last)])
}

function indexOf(e: Emitter, steps: readonly string[], sizes: readonly number[]): string {
  const index = steps.reduce((outer, step, axis) =>
    e.emit('Add', [e.emit('Mul', [outer, e.scalar('float64', sizes[axis]!)]), step]),
  )
  return cast(e, index, DataType.INT64)
}

function expanded(e: Emitter, index: string, dims: readonly number[]): string {
  return e.emit('Expand', [index, int64(e, 'dims', dims)])
}

function reshape(e: Emitter, x: string, dims: readonly number[]): string {
  return e.emit('Reshape', [x, int64(e, 'dims', dims)])
}

function int64(e: Emitter, wish: string, values: readonly number[]): string {
  return e.initializer(wish, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
}

function elementCount(dims: readonly number[]): number {
  return dims.reduce((count, size) => count * size, 1)
}
