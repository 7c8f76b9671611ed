// Rounds weights to 8 bits, in AssemblyScript (compiled to WebAssembly with 128-bit SIMD; ../wasm.ts is the only caller). Divisions are those of
// float64, two at a time: the integers are those of the loop in ../weights.ts.

import { total } from '../../wasm/assembly/total'

/** Where memory is free. */
export const HEAP: usize = __heap_base

/** The sums of the last row. */
let sum: i32 = 0
let magnitude: i32 = 0

export function lastSum(): i32 {
  return sum
}

export function lastMagnitude(): i32 {
  return magnitude
}

/** The integers nearest to two of x / scale, halves away from zero, in the lower half: 0 for NaN. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function two(x: v128, scale: v128, low: v128, high: v128): v128 {
  const real = f64x2.min(high, f64x2.max(low, f64x2.div(f64x2.promote_low_f32x4(x), scale)))
  const whole = i32x4.trunc_sat_f64x2_s_zero(real)
  const rest = f64x2.sub(real, f64x2.convert_low_i32x4_s(whole))
  // Twice the rest is exact, and reaches 1 or -1 from one half on.
  return i32x4.add(whole, i32x4.trunc_sat_f64x2_s_zero(f64x2.add(rest, rest)))
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function four(from: usize, scale: v128, low: v128, high: v128): v128 {
  const x = v128.load(from)
  const second = v128.shuffle<i32>(x, x, 2, 3, 2, 3)
  return v128.shuffle<i32>(two(x, scale, low, high), two(second, scale, low, high), 0, 1, 4, 5)
}

/** Of `length` float32 at `from`, a multiple of 16, the int8 at `to` that are nearest to x / scale, at most `limit` in magnitude. */
export function roundRow(from: usize, length: i32, scale: f64, limit: f64, to: usize): void {
  const scales = f64x2.splat(scale)
  const high = f64x2.splat(limit)
  const low = f64x2.splat(-limit)
  let sums = i32x4.splat(0)
  let magnitudes = i32x4.splat(0)
  const end = to + <usize>length
  for (let at = to, x = from; at < end; at += 16, x += 64) {
    const a = four(x, scales, low, high)
    const b = four(x + 16, scales, low, high)
    const c = four(x + 32, scales, low, high)
    const d = four(x + 48, scales, low, high)
    sums = i32x4.add(sums, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)))
    const ab = i32x4.add(i32x4.abs(a), i32x4.abs(b))
    const cd = i32x4.add(i32x4.abs(c), i32x4.abs(d))
    magnitudes = i32x4.add(magnitudes, i32x4.add(ab, cd))
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
    v128.store(at, bytes)
  }
  sum = total(sums)
  magnitude = total(magnitudes)
}
