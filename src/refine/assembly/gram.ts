// Products of rows of 16-bit integers, in AssemblyScript (compiled to WebAssembly with 128-bit SIMD; ../wasm.ts is the only caller).
//
// Two rows are multiplied with four others at a time: eight sums in registers, each fed by eight products an instruction.

import { total } from '../../wasm/assembly/total'

/** Where memory is free for rows and sums. */
export const HEAP: usize = __heap_base

/**
 * The products of the rows at `a` and `a + stride` with the four at `b`, `b + stride`...: eight 32-bit sums at `to`, four of the first row, then four
 * of the second. Rows are `stride` bytes long, a multiple of 16, and hold 16-bit integers.
 */
export function products(a: usize, b: usize, stride: usize, to: usize): void {
  let s00 = i32x4.splat(0)
  let s01 = i32x4.splat(0)
  let s02 = i32x4.splat(0)
  let s03 = i32x4.splat(0)
  let s10 = i32x4.splat(0)
  let s11 = i32x4.splat(0)
  let s12 = i32x4.splat(0)
  let s13 = i32x4.splat(0)
  const end = a + stride
  const b1 = b + stride
  const b2 = b1 + stride
  const b3 = b2 + stride
  for (let at: usize = 0; a + at < end; at += 16) {
    const x0 = v128.load(a + at)
    const x1 = v128.load(end + at)
    const y0 = v128.load(b + at)
    s00 = i32x4.add(s00, i32x4.dot_i16x8_s(x0, y0))
    s10 = i32x4.add(s10, i32x4.dot_i16x8_s(x1, y0))
    const y1 = v128.load(b1 + at)
    s01 = i32x4.add(s01, i32x4.dot_i16x8_s(x0, y1))
    s11 = i32x4.add(s11, i32x4.dot_i16x8_s(x1, y1))
    const y2 = v128.load(b2 + at)
    s02 = i32x4.add(s02, i32x4.dot_i16x8_s(x0, y2))
    s12 = i32x4.add(s12, i32x4.dot_i16x8_s(x1, y2))
    const y3 = v128.load(b3 + at)
    s03 = i32x4.add(s03, i32x4.dot_i16x8_s(x0, y3))
    s13 = i32x4.add(s13, i32x4.dot_i16x8_s(x1, y3))
  }
  store<i32>(to, total(s00))
  store<i32>(to + 4, total(s01))
  store<i32>(to + 8, total(s02))
  store<i32>(to + 12, total(s03))
  store<i32>(to + 16, total(s10))
  store<i32>(to + 20, total(s11))
  store<i32>(to + 24, total(s12))
  store<i32>(to + 28, total(s13))
}

/** All products of `rows` rows at `from` with those before them and themselves, [rows][rows] at `to`: `rows` is a multiple of four. */
export function gram(from: usize, rows: i32, stride: usize, to: usize): void {
  const scratch = to + (<usize>rows * <usize>rows << 2)
  for (let k = 0; k < rows; k += 2) {
    const a = from + <usize>k * stride
    const first = to + (<usize>k * <usize>rows << 2)
    const second = first + (<usize>rows << 2)
    for (let j = 0; j <= k + 1; j += 4) {
      products(a, from + <usize>j * stride, stride, scratch)
      v128.store(first + (<usize>j << 2), v128.load(scratch))
      v128.store(second + (<usize>j << 2), v128.load(scratch + 16))
    }
  }
}
