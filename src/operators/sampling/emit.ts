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
import type { EmitContext } from '../contexts.js'
import { CUBIC_BITS, type FixedAxis, type FixedSampling, FRACTION_BITS } from './solve.js'

const UNIT = 2 ** FRACTION_BITS

export function emitSampling(e: Emitter, operator: FixedSampling, context: EmitContext): string[] {
  const { batch, channels, space, points, axes, method } = operator
  const room = roomOf(operator)
  const sizes = space.map((size) => size + 2 * room)
  const input = context.integers(operator.inputs[0]!)
  const flat = flatten(e, input.name, operator, room)
  const places = axes.map((axis, at) => placeAlong(e, axis, at, operator, context))
  const bits = method === 'cubic' ? CUBIC_BITS : FRACTION_BITS
  const corners = cornersOf(places).map((corner): Integers => {
    const steps = places.map(({ first }, axis) => within(e, first, corner[axis]! + room, sizes[axis]! - 1))
    const index = expanded(e, indexOf(e, steps, sizes), [batch, channels, elementCount(points)])
    const values = e.emit('GatherElements', [flat, index], [makeAttribute('axis', 2)])
    const found: Integers = { ...input, name: values }
    if (method === 'nearest') return found
    const shares = places.map((place, axis) => place.shares[corner[axis]!]!)
    return product(
      e,
      shares.reduce((a, b) => product(e, a, b)),
      found,
    )
  })
  const total = corners.reduce((a, b) => sum(e, a, b))
  const rounded = method === 'nearest' ? total : requantize(e, total, 1, bits * axes.length)
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  return [reshape(e, finish(e, rounded, low, high), [batch, channels, ...points])]
}

/** Which of the values along each axis: all combinations, the last axis fastest. */
function cornersOf(places: readonly Place[]): number[][] {
  return places.reduce<number[][]>(
    (some, { shares }) => some.flatMap((corner) => shares.map((_, side) => [...corner, side])),
    [[]],
  )
}

/** Values on each side that are not the input's: zeros, or reflections, which a cube alone reads. */
function roomOf({ method, beyond }: FixedSampling): number {
  if (method === 'cubic') return beyond === 'border' ? 0 : 2
  return beyond === 'zeros' ? 1 : 0
}

/** [N, C, values], with what lies beyond the ends of each axis where there is to be room. */
function flatten(e: Emitter, x: string, operator: FixedSampling, room: number): string {
  const { batch, channels, space, beyond } = operator
  const around = [0, 0, ...space.map(() => room)]
  const zeros = () => e.emit('Pad', [x, int64(e, 'pads', [...around, ...around])])
  const padded = room === 0 ? x : beyond === 'zeros' ? zeros() : reflections(e, x, operator, room)
  return reshape(e, padded, [batch, channels, elementCount(space.map((size) => size + 2 * room))])
}

function reflections(e: Emitter, x: string, { space, axes }: FixedSampling, room: number): string {
  return space.reduce((values, size, axis) => {
    const edge = axes[axis]!.mirrors![0] === 0 ? 0 : 1
    const period = 2 * (size - 1 + edge)
    const places = Array.from({ length: size + 2 * room }, (_, at) => {
      const along = (at - room + period) % period
      return along < size ? along : period - along - edge
    })
    return e.emit('Gather', [values, int64(e, 'mirrored', places)], [makeAttribute('axis', axis + 2)])
  }, x)
}

interface Place {
  /** The first of the values that have shares; the nearest one, where nothing is interpolated. */
  readonly first: Integers
  readonly shares: readonly Integers[]
}

/** [N, 1, points] along one axis of the input, which is a column of the grid. */
function placeAlong(e: Emitter, axis: FixedAxis, at: number, operator: FixedSampling, context: EmitContext): Place {
  const u = toFloat64(e, unitsAlong(e, axis, at, operator, context))
  const units = e.scalar('float64', UNIT)
  // Round takes the even one of two that are as near.
  const before = e.emit(operator.method === 'nearest' ? 'Round' : 'Floor', [e.emit('Div', [u.name, units])])
  const first: Integers = { name: before, type: 'float64', bound: Math.ceil(u.bound / UNIT) }
  if (operator.method === 'nearest') return { first, shares: [first] }
  const rest = e.emit('Sub', [u.name, e.emit('Mul', [before, units])])
  if (operator.cubic !== undefined)
    return { first: shiftBy(e, first, -1), shares: cubicShares(e, rest, operator.cubic) }
  const share = (name: string): Integers => ({ name, type: 'float64', bound: UNIT })
  return { first, shares: [share(e.emit('Sub', [units, rest])), share(rest)] }
}

function cubicShares(e: Emitter, rest: string, shares: Int32Array): Integers[] {
  const row = cast(e, rest, DataType.INT64)
  return [0, 1, 2, 3].map((side) => {
    const own = Array.from({ length: UNIT }, (_, r) => shares[4 * r + side]!)
    const bound = Math.max(...own.map(Math.abs))
    return { name: e.emit('Gather', [e.vector('shares', 'float64', [UNIT], own), row]), type: 'float64', bound }
  })
}

function unitsAlong(
  e: Emitter,
  { places, mirrors, low, high }: FixedAxis,
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
  const moved = shiftBy(e, scaled, offset)
  return clipAlways(e, mirrors === undefined ? moved : reflected(e, moved, mirrors), low, high)
}

/** first + min(t, 2 span - t), t what lies behind `first`, modulo twice the span. */
function reflected(e: Emitter, u: Integers, [first, last]: readonly [number, number]): Integers {
  const span = last - first
  const period = e.scalar('float64', 2 * span)
  const along = toFloat64(e, shiftBy(e, u, -first)).name
  const turns = e.emit('Floor', [e.emit('Div', [along, period])])
  const t = e.emit('Sub', [along, e.emit('Mul', [turns, period])])
  const near = e.emit('Min', [t, e.emit('Sub', [period, t])])
  return shiftBy(e, { name: near, type: 'float64', bound: span }, first)
}

/** first + step, from 0 to the last place there is: what lies beyond has no share, or is the value at the end. */
function within(e: Emitter, first: Integers, step: number, last: number): string {
  const moved = step === 0 ? first.name : e.emit('Add', [first.name, e.scalar('float64', step)])
  return e.emit('Clip', [moved, e.scalar('float64', 0), e.scalar('float64', last)])
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
