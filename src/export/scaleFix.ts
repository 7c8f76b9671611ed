// scaleFix as ONNX nodes: from the sums of a convolution or matrix product to the output's integers.

import { rangeOf } from '../fixedpoint/rounding.js'
import type { ChipProfile, ScaleFix } from '../fixedpoint/types.js'
import { DataType } from '../onnx/types.js'
import {
  cast,
  clip,
  constant,
  type Factor,
  finish,
  type Integers,
  largest,
  mapFactor,
  nudgedShift,
  requantize,
  shiftBy,
  toFloat64,
} from './arithmetic.js'
import type { Emitter } from './builder.js'

/** Up to here the folded form is proved; chips' q2 is far below. */
const LARGEST_FOLDED_Q2 = 20
const LARGEST_FOLDED_PRODUCT = 2 ** 31

/**
 * @param dims that broadcast one value a channel over the sums: [1, C, 1, 1] for images, [N] for a matrix product
 * @returns the name of the output's float32 integers
 */
export function emitScaleFix(
  e: Emitter,
  sums: Integers,
  fix: ScaleFix,
  dims: readonly number[],
  chip: ChipProfile,
): string {
  const a0 = intermediate(e, sums, fix.q0, chip)
  const multiplier: Factor = { dims, values: fix.scaleInt16 }
  const bias: Factor = { dims, values: fix.biasInt16 }
  const bound = a0.bound * largest(multiplier)
  if (fix.low >= 0 && fix.q1 + fix.q2 > 0 && fix.q2 <= LARGEST_FOLDED_Q2 && bound <= LARGEST_FOLDED_PRODUCT) {
    return finish(e, folded(e, a0, multiplier, bias, fix), fix.low, fix.high)
  }
  const a1 = shiftBy(e, requantize(e, a0, multiplier, fix.q1), bias)
  return finish(e, requantize(e, a1, 1, fix.q2), fix.low, fix.high)
}

/**
 * a0 = clip(rshift(sums, q0)). The clip comes first, where onnxruntime fuses it into the convolution: rshift keeps order and maps
 * bound * 2^q0 to the bound, so both orders agree.
 */
function intermediate(e: Emitter, sums: Integers, q0: number, chip: ChipProfile): Integers {
  const [low, high] = rangeOf(chip.convsumBits)
  return requantize(e, clip(e, sums, low * 2 ** q0, high * 2 ** q0), 1, q0)
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
 * - Rounding: e = 2^-(k+1) with |a0 * scale| <= 2^k <= 2^31 is at least 2^-32. At a half, |a0 * scale| * 2^-(q1+q2) >= 2^-(q2+1)
 *   is moved by 2^-(q2+33) at least, and |D| < 2^(16-q2) + 1 makes the sum's rounding at most 2^-53 of that: smaller while q2 <= 20.
 *   In units of g the rounding is below 2^-52 * (2^31 + 2^(15+q1) + 2^(q1+q2)) < 1/2, as q1 <= 31.
 * Where q1 = 0 there is no inner rounding: no e and no inner half. q1 + q2 > 0 keeps the sum within int32.
 */
function folded(e: Emitter, a0: Integers, multiplier: Factor, bias: Factor, { q1, q2 }: ScaleFix): Integers {
  const bound = a0.bound * largest(multiplier)
  const shift = (q1 > 0 ? nudgedShift(bound, q1) : 1) * 2 ** -q2
  const innerHalf = q1 > 0 ? 0.5 : 0
  const outerHalf = q2 > 0 ? 0.5 : 0
  const addend = mapFactor(bias, (value) => (value + innerHalf) * 2 ** -q2 + outerHalf)
  const c = constant(
    e,
    'float64',
    mapFactor(multiplier, (value) => value * shift),
  )
  const scaled = e.emit('Mul', [toFloat64(e, a0).name, c])
  const shifted = e.emit('Add', [scaled, constant(e, 'float64', addend)])
  const truncated = cast(e, cast(e, shifted, DataType.INT32), DataType.FLOAT)
  return { name: truncated, type: 'float32', bound: bound * 2 ** -(q1 + q2) + largest(addend) + 1 }
}
