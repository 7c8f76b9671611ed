// The chip's integer steps as floating-point ONNX nodes, exact: no result of any node is ever rounded where the rounding could tell.
//
// Halves away from zero. ONNX's Round takes halves to even, its Floor takes them nowhere. So the factor of a shift is made
// larger by a relative e: that carries an exact half across, away from zero, and is too small to carry anything else there.
//   float64: x * (m * 2^-q * (1 + e)), e = 2^-(k+1) with |x * m| <= 2^k. A half is moved by e > 2^-53, which survives the
//     rounding of the product; the nearest other fraction is 2^-q away and is moved by at most 2^k * e * 2^-q = 2^-q / 2.
//   float32: x / (2^q * (1 - 2^-24)) is exactly the next float32 away from zero of x * 2^-q: x * (2^-24 + 2^-48) is between
//     one half and one unit in the last place of x, never less. An integer |x| < 2^23 has a unit of at most one half, and
//     so stays below x + 1. It is a division because onnxruntime fuses constant factors, not divisors, into a convolution
//     before it, where weights times this factor would no longer be exact.
//   float32, of an x that no product and no convolution has just made: x * 2^-q * (1 + 2^-23), in half the time. The product is one
//     or two units in the last place beyond x * 2^-q, and a unit of |x| < 2^22 is at most a quarter.

import { makeAttribute } from '../onnx/attribute.js'
import { DataType } from '../onnx/types.js'
import type { Emitter, FloatType } from './builder.js'

/** A tensor of integers with a proved bound: |x| <= bound. */
export interface Integers {
  readonly name: string
  readonly type: FloatType
  readonly bound: number
}

/** One factor for all elements, or one a channel with the dims that broadcast it. */
export type Factor = number | { readonly dims: readonly number[]; readonly values: ArrayLike<number> }

/** Integers that a float32 holds exactly, with every sum and product on the way to them. */
export const FLOAT32_LIMIT = 2 ** 24

/** The float64 factor is exact while multiplier (16 bits) and 1 + e (k + 2 bits) fit 53 bits together. */
const LARGEST_FUSED = 2 ** 35
/** Beyond it, the exact product and 1 + e must do. */
const LARGEST_PRODUCT = 2 ** 50

export function integers(name: string, bits: number): Integers {
  return { name, type: 'float32', bound: 2 ** (bits - 1) }
}

/** rshift(x * factor, shift), halves away from zero. */
export function requantize(e: Emitter, x: Integers, factor: Factor, shift: number): Integers {
  const bound = x.bound * largest(factor)
  if (bound > LARGEST_PRODUCT) throw new Error(`${e.operator}: products up to ${bound} cannot be rounded in float64.`)
  const shifted = Math.floor(bound * 2 ** -shift + 0.5)
  if (shift === 0) return multiply(e, x, factor)
  if (x.type === 'float32' && bound < 2 ** 23) {
    const exact = multiply(e, x, factor)
    const divisor = e.scalar('float32', 2 ** shift * (1 - 2 ** -24))
    return { name: e.emit('Round', [e.emit('Div', [exact.name, divisor])]), type: 'float32', bound: shifted }
  }
  const wide = toFloat64(e, bound > LARGEST_FUSED ? multiply(e, x, factor) : x)
  const rest = bound > LARGEST_FUSED ? 1 : factor
  const scaled = e.emit('Mul', [wide.name, constant(e, 'float64', scale(rest, nudgedShift(bound, shift)))])
  return { name: e.emit('Round', [scaled]), type: 'float64', bound: shifted }
}

/** rshift(x, shift), halves away from zero, of an x that is no constant's product and comes from no convolution or matrix product. */
export function shiftRight(e: Emitter, x: Integers, shift: number): Integers {
  if (shift === 0 || x.type !== 'float32' || x.bound >= 2 ** 22) return requantize(e, x, 1, shift)
  const scaled = e.emit('Mul', [x.name, e.scalar('float32', 2 ** -shift * (1 + 2 ** -23))])
  return { name: e.emit('Round', [scaled]), type: 'float32', bound: Math.floor(x.bound * 2 ** -shift + 0.5) }
}

/** 2^-shift * (1 + e) for products up to `bound`: see the head of this file. */
export function nudgedShift(bound: number, shift: number): number {
  const bits = Math.ceil(Math.log2(Math.max(bound, 1)))
  return 2 ** -shift * (1 + 2 ** -(bits + 1))
}

/** x * factor, in float32 where that is exact. */
function multiply(e: Emitter, x: Integers, factor: Factor): Integers {
  if (factor === 1) return x
  const bound = x.bound * largest(factor)
  const from = bound <= FLOAT32_LIMIT ? x : toFloat64(e, x)
  return { name: e.emit('Mul', [from.name, constant(e, from.type, factor)]), type: from.type, bound }
}

/** left + right, elementwise with numpy's broadcasting. */
export function sum(e: Emitter, left: Integers, right: Integers): Integers {
  return combine(e, 'Add', left, right, left.bound + right.bound)
}

/** left * right, elementwise with numpy's broadcasting. */
export function product(e: Emitter, left: Integers, right: Integers): Integers {
  return combine(e, 'Mul', left, right, left.bound * right.bound)
}

function combine(e: Emitter, opType: string, left: Integers, right: Integers, bound: number): Integers {
  const exact = left.type === 'float32' && right.type === 'float32' && bound <= FLOAT32_LIMIT
  const [a, b] = exact ? [left, right] : [toFloat64(e, left), toFloat64(e, right)]
  return { name: e.emit(opType, [a.name, b.name]), type: a.type, bound }
}

/** x + constant. */
export function shiftBy(e: Emitter, x: Integers, addend: Factor): Integers {
  const bound = x.bound + largest(addend)
  const from = bound <= FLOAT32_LIMIT ? x : toFloat64(e, x)
  return { name: e.emit('Add', [from.name, constant(e, from.type, addend)]), type: from.type, bound }
}

/** min(max(x, low), high) in x's type; nothing is emitted where the bound shows that nothing would change. */
export function clip(e: Emitter, x: Integers, low: number, high: number): Integers {
  return x.bound <= Math.min(-low, high) ? x : clipAlways(e, x, low, high)
}

export function clipAlways(e: Emitter, x: Integers, low: number, high: number): Integers {
  const bounds = [e.scalar(x.type, low), e.scalar(x.type, high)]
  const bound = Math.max(Math.abs(low), Math.abs(high))
  return { name: e.emit('Clip', [x.name, ...bounds]), type: x.type, bound: Math.min(bound, x.bound) }
}

/**
 * The float32 integers min(max(x, low), high), the last step of an operator. Rounding to float32 before the clip is harmless:
 * it changes integers beyond 2^24 only, and those stay beyond the bounds.
 */
export function finish(e: Emitter, x: Integers, low: number, high: number): string {
  return clip(e, toFloat32(e, x), low, high).name
}

export function toFloat64(e: Emitter, x: Integers): Integers {
  return x.type === 'float64' ? x : { ...x, name: cast(e, x.name, DataType.DOUBLE), type: 'float64' }
}

/** In float32, half the bytes of float64, where it holds the integers with a bit to spare for what is added to them. */
export function narrow(e: Emitter, x: Integers): Integers {
  return x.bound < FLOAT32_LIMIT / 4 ? toFloat32(e, x) : x
}

/** Exact for a bound up to 2^24. */
function toFloat32(e: Emitter, x: Integers): Integers {
  return x.type === 'float32' ? x : { ...x, name: cast(e, x.name, DataType.FLOAT), type: 'float32' }
}

export function cast(e: Emitter, name: string, to: number): string {
  return e.emit('Cast', [name], [makeAttribute('to', to)])
}

export function constant(e: Emitter, type: FloatType, factor: Factor): string {
  return typeof factor === 'number'
    ? e.scalar(type, factor)
    : e.vector('constant', type, factor.dims, Array.from(factor.values))
}

/** Every value of a factor times a number. */
export function scale(factor: Factor, by: number): Factor {
  return mapFactor(factor, (value) => value * by)
}

export function mapFactor(factor: Factor, change: (value: number) => number): Factor {
  if (typeof factor === 'number') return change(factor)
  return { dims: factor.dims, values: Array.from(factor.values, change) }
}

export function largest(factor: Factor): number {
  if (typeof factor === 'number') return Math.abs(factor)
  return Array.from(factor.values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}
