// scaleFix as ONNX nodes: from the sums of a convolution or matrix product to the output's integers. Where lines in float32 give every
// channel's output (see line.ts), they are the second step; else float64 computes it, with twice the bytes and more nodes.

import type { Arithmetic, ScaleFix } from '../fixedpoint/types.js'
import type { Reach } from '../fixedpoint/weights.js'
import { rangeOf } from '../fixedpoint/width.js'
import { DataType } from '../onnx/types.js'
import {
  cast,
  clipAlways,
  constant,
  type Factor,
  finish,
  type Integers,
  largest,
  mapFactor,
  narrow,
  nudgedShift,
  requantize,
  scale,
  shiftBy,
  shiftRight,
  toFloat64,
} from './arithmetic.js'
import type { Emitter } from './builder.js'
import { alongConvolutions, fitsConvolutions } from './convolutions.js'
import { type Linear, linesOf } from './stairs.js'
import { roundToRange, shiftToRange } from './toRange.js'

/** The proofs below hold up to here; 16-bit multipliers and intermediate sums stay below 2^30. */
const LARGEST_PRODUCT = 2 ** 31 - 2 ** 16
const LARGEST_FOLDED_SHIFT = 51

/** Sums of products, and between what each channel's lie where that is known. */
export interface Sums extends Integers {
  readonly reaches?: readonly Reach[]
}

/**
 * @param dims that broadcast one value a channel over the sums: [1, C, 1, 1] for images, [N] for a matrix product
 * @returns the name of the output's float32 integers
 */
export function emitScaleFix(
  e: Emitter,
  sums: Sums,
  fix: ScaleFix,
  dims: readonly number[],
  chip: Pick<Arithmetic, 'convsumBits'>,
): string {
  const { bound, reaches = Array.from(fix.scaleInt16, () => ({ up: bound, down: -bound })) } = sums
  const shifted = reaches.map(({ up, down }) => ({
    up: Math.ceil(up * 2 ** -fix.q0),
    down: Math.floor(down * 2 ** -fix.q0),
  }))
  const linear = linesOf(shifted, fix, 2 ** (chip.convsumBits - 1))
  if (linear !== undefined && fitsConvolutions(sums, fix, linear, dims)) return alongConvolutions(e, sums, linear, fix)
  const a0 = intermediate(e, sums, fix.q0, chip)
  if (linear !== undefined) return alongLines(e, narrow(e, a0), linear, dims, fix)
  const multiplier: Factor = { dims, values: fix.scaleInt16 }
  const bias: Factor = { dims, values: fix.biasInt16 }
  return inFloat64(e, a0, multiplier, bias, fix)
}

/** y = clip(rshift(round((a0 + centre) * factor + addend), rest)) */
function alongLines(e: Emitter, a0: Integers, { lines, rest }: Linear, dims: readonly number[], fix: ScaleFix): string {
  const [centre, factor, addend] = (['centre', 'factor', 'addend'] as const).map(
    (part): Factor => ({ dims, values: lines.map((line) => line[part]) }),
  ) as [Factor, Factor, Factor]
  const x = largest(centre) === 0 ? a0 : shiftBy(e, a0, centre)
  const product = e.emit('Mul', [x.name, constant(e, 'float32', factor)])
  const bound = Math.ceil(x.bound * largest(factor) + largest(addend)) + 1
  const sum: Integers = { name: e.emit('Add', [product, constant(e, 'float32', addend)]), type: 'float32', bound }
  if (rest === 0) return roundToRange(e, sum, fix.low, fix.high)
  return shiftToRange(e, { ...sum, name: e.emit('Round', [sum.name]) }, rest, fix.low, fix.high)
}

function inFloat64(e: Emitter, a0: Integers, multiplier: Factor, bias: Factor, fix: ScaleFix): string {
  const { q1, q2, low, high } = fix
  const small = a0.bound * largest(multiplier) <= LARGEST_PRODUCT
  if (small && low >= 0 && q1 + q2 > 0 && q1 + q2 <= LARGEST_FOLDED_SHIFT) {
    return finish(e, folded(e, a0, multiplier, bias, fix), low, high)
  }
  if (small && q1 === 0 && q2 > 0) return finish(e, roundedOnce(e, a0, multiplier, bias, q2), low, high)
  return shiftToRange(e, shiftBy(e, narrow(e, requantize(e, a0, multiplier, q1)), bias), q2, low, high)
}

/**
 * a0 = clip(rshift(sums, q0)). The clip comes first, where onnxruntime fuses it into the convolution: rshift keeps order and maps
 * bound * 2^q0 to the bound, so both orders agree. It stands there even if it clips nothing: onnxruntime would fuse a factor behind a
 * convolution or matrix product into the weights, rounded to float32.
 */
function intermediate(e: Emitter, sums: Integers, q0: number, chip: Pick<Arithmetic, 'convsumBits'>): Integers {
  const [low, high] = rangeOf(chip.convsumBits)
  return shiftRight(e, clipAlways(e, sums, low * 2 ** q0, high * 2 ** q0), q0)
}

/**
 * Both shifts at once, where low >= 0: trunc(a0 * C + D) with C = scale * 2^-(q1+q2) * (1 + e), D = (bias + 1/2) * 2^-q2 + 1/2.
 *
 * Why it is exact. Halves away from zero are floor(v + 1/2) but for negative halves, which go one lower.
 * - The outer shift: a negative a1 gives y <= 0 with either rule, and low >= 0 clips both to the same. For the same reason the
 *   truncation of a Cast, which is cheap, does as well as Floor.
 * - floor((floor(u) + n) / m) = floor((u + n) / m) for integers n and m, so the inner floor may be left out:
 *   y = floor(N), N = (a0 * scale * 2^-q1 + 1/2 + bias) * 2^-q2 + 1/2.
 * - The inner negative halves: N is a multiple of g = 2^-(q1+q2). e moves a0 * scale * 2^-(q1+q2) away from zero by at most
 *   g / 2, which takes an exact negative half (and only that) across to the integer below, and nothing else anywhere.
 * - Rounding: |a0 * scale| <= 2^k <= 2^31 makes e = 2^-(k+1) at least 2^-32. In units of g the roundings are below
 *   2^-52 * (2^31 + 2^(15+q1) + 2^(q1+q2)), less than half of what g / 2 leaves free as q1 <= 31 and q1 + q2 <= 51. At an inner negative
 *   half that matters N >= 1, so -2^15 <= -bias < a0 * scale * 2^-q1 <= -1/2: q2 <= 16, both terms of the sum are below 2^16 * 2^-q2,
 *   and e moves it by 2^-(q2+33) at least, above their rounding of 2^-(q2+36).
 * Where q1 = 0 there is no inner rounding: no e and no inner half. q1 + q2 > 0 keeps the sum within int32.
 */
function folded(e: Emitter, a0: Integers, multiplier: Factor, bias: Factor, { q1, q2 }: ScaleFix): Integers {
  const bound = a0.bound * largest(multiplier)
  const shift = (q1 > 0 ? nudgedShift(bound, q1) : 1) * 2 ** -q2
  const innerHalf = q1 > 0 ? 0.5 : 0
  const outerHalf = q2 > 0 ? 0.5 : 0
  const addend = mapFactor(bias, (value) => (value + innerHalf) * 2 ** -q2 + outerHalf)
  const sum = affine(e, a0, scale(multiplier, shift), addend)
  const truncated = cast(e, cast(e, sum, DataType.INT32), DataType.FLOAT)
  return { name: truncated, type: 'float32', bound: bound * 2 ** -(q1 + q2) + largest(addend) + 1 }
}

/**
 * rshift(a0 * scale + bias, q2), the one rounding where q1 = 0: both terms are multiplied by 2^-q2 * (1 + e) before they are added. A sum
 * a1 that is a half after the shift is moved by |a1| * 2^-32 units of 2^-q2 at least, and rounded by less than 2^-53 * (3 |a1| + 2^16).
 */
function roundedOnce(e: Emitter, a0: Integers, multiplier: Factor, bias: Factor, q2: number): Integers {
  const bound = a0.bound * largest(multiplier) + largest(bias)
  const shift = nudgedShift(bound, q2)
  const rounded = e.emit('Round', [affine(e, a0, scale(multiplier, shift), scale(bias, shift))])
  return { name: rounded, type: 'float64', bound: bound * 2 ** -q2 + 1 }
}

/** x * factor + addend in float64. */
function affine(e: Emitter, x: Integers, factor: Factor, addend: Factor): string {
  const product = e.emit('Mul', [toFloat64(e, x).name, constant(e, 'float64', factor)])
  return e.emit('Add', [product, constant(e, 'float64', addend)])
}
