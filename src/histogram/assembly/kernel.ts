// The hot loops of observation, in AssemblyScript (compiled to WebAssembly with 128-bit SIMD; ../kernel.ts is the only caller).
//
// A value's signed bin is t = trunc(x * 2^(b-k)), b = 12: exact, as a power of two only moves the exponent. Adding 1.5 * 2^21 to it
// leaves 4t, in two's complement, in the low bits of the float: masked, that is the byte offset of its uint32 count.
//
// t = 0 is not counted: the number of values less the other counts gives it. Most values of a ReLU land there, and updates of one
// count would wait for one another, so their offsets are turned into eight scattered cells behind the counts that nobody reads.
//
// Values go by in blocks: a vector loop finds range and offsets, and a scalar loop counts these. For the slot that is held in the table both are
// one loop, as the processor can do both at once; a block that turns out not to fit is taken back.

import { COUNT, LIMIT, MAX, MIN, NEGATIVES, SCALE, ZEROS } from './slot'
import { BLOCK, countEight, countInSlot, holdSlot, isHeld, LAG, offsets, takeBack } from './table'

export { COUNT, EXPONENT, LIMIT, MAX, MIN, NEGATIVES, SCALE, SLOT_BYTES, ZEROS } from './slot'
export { release } from './table'

/** Where memory is free for slots and buffers. */
export const HEAP: usize = __heap_base

/** Shorter arrays are not worth holding a slot. */
const LONG: i32 = 2 * BLOCK

// Constants are loaded, not written in the loop: V8 would build each of them anew in every iteration.
const constants = memory.data<u32>(
  [
    0x4a400000, 0x4a400000, 0x4a400000, 0x4a400000, // 1.5 * 2^21
    0x7ffc, 0x7ffc, 0x7ffc, 0x7ffc, // byte offsets of 8192 counts
    0x80408000, 0x80c08080, 0x81408100, 0x81c08180, // offsets of the eight cells, 64 bytes apart
    0, 0, 0, 0,
  ],
  16,
)

/**
 * Counts `length` floats (a multiple of 8) in the slot: eight at `values`, eight `step` bytes further on, and so forth. It stops at the first block
 * that has a magnitude of LIMIT (float bits) or more, or anything that is not finite. Returns how many it counted; of the block where it stopped it
 * leaves no trace. The slot's counts are complete only after release().
 */
export function observe(slot: usize, values: usize, length: i32, step: usize): i32 {
  if (length >= LONG) holdSlot(slot)
  const counting = isHeld(slot)
  let done = 0
  while (done < length) {
    const size = min(BLOCK, length - done)
    if (!(counting ? scan(slot, values, size, step, true) : scan(slot, values, size, step, false))) {
      if (counting) takeBack(size)
      break
    }
    if (!counting) countInSlot(slot, size)
    done += size
    values += <usize>(size >> 3) * step
  }
  return done
}

/** The greatest magnitude among `length` such floats, as float bits: 0x7f800000 or more if one is not finite. */
export function magnitude(values: usize, length: i32, step: usize): u32 {
  const sign = i32x4.splat(0x7fffffff)
  let most = i32x4.splat(0)
  for (; length > 0; length -= 8, values += step) {
    most = v128.max<u32>(most, v128.and(v128.load(values), sign))
    most = v128.max<u32>(most, v128.and(v128.load(values, 16), sign))
  }
  return maxLane<u32>(most)
}

/**
 * Range, zeros and negatives of one block into the slot, offsets into `offsets` and, if `counting`, into the table. False if the block does not
 * fit: then no trace is left but in the table. `counting` is written out where this is called, which makes two loops of it.
 */
// @ts-ignore: decorators are AssemblyScript's
@inline
function scan(slot: usize, values: usize, length: i32, step: usize, counting: bool): bool {
  const end = offsets + (<usize>length << 1)
  const scale = v128.load(slot, SCALE)
  const magic = v128.load(constants)
  const mask = v128.load(constants, 16)
  const cells = v128.load(constants, 32)
  const zero = v128.load(constants, 48)
  // Float bits order positive floats upwards and negative ones downwards, NaN and infinity beyond either end. As signed integers, the least
  // is the negative float next to zero: -0, if there is one.
  let signedMax = i32x4.splat(i32.MIN_VALUE)
  let unsignedMax = i32x4.splat(0)
  let signedMin = i32x4.splat(i32.MAX_VALUE)
  let zeros = zero
  let negatives = zero
  for (let to = offsets, at = values; to < end; to += 16, at += step) {
    const x = v128.load(at)
    const y = v128.load(at, 16)
    const t = v128.and(f32x4.add(f32x4.trunc(f32x4.mul(x, scale)), magic), mask)
    const u = v128.and(f32x4.add(f32x4.trunc(f32x4.mul(y, scale)), magic), mask)
    const packed = i16x8.narrow_i32x4_u(t, u)
    v128.store(to, v128.or(packed, v128.and(i16x8.eq(packed, zero), cells)))
    signedMax = v128.max<i32>(signedMax, x)
    unsignedMax = v128.max<u32>(unsignedMax, x)
    signedMin = v128.min<i32>(signedMin, x)
    signedMax = v128.max<i32>(signedMax, y)
    unsignedMax = v128.max<u32>(unsignedMax, y)
    signedMin = v128.min<i32>(signedMin, y)
    // Narrowed with saturation, float bits keep their sign, and only +0 is 0. -0 is put right below.
    const sixteen = i16x8.narrow_i32x4_s(x, y)
    zeros = i16x8.sub(zeros, i16x8.eq(sixteen, zero))
    negatives = i16x8.sub(negatives, i16x8.shr_s(sixteen, 15))
    if (counting) countEight(to - LAG)
  }
  if (counting) for (let from = end - LAG; from < end; from += 16) countEight(from)

  const top = maxLane<i32>(signedMax)
  const greatest = maxLane<u32>(unsignedMax)
  const least = minLane(signedMin)
  const positive = top >= 0
  const negative = <i32>greatest < 0
  const limit = load<u32>(slot, LIMIT)
  if ((positive && <u32>top >= limit) || (negative && (greatest & 0x7fffffff) >= limit)) return false

  store<f32>(slot, max(load<f32>(slot, MAX), reinterpret<f32>(positive ? top : least)), MAX)
  store<f32>(slot, min(load<f32>(slot, MIN), reinterpret<f32>(negative ? greatest : least)), MIN)
  const minusZeros = least == i32.MIN_VALUE ? countMinusZeros(values, length, step) : 0
  store<f64>(slot, load<f64>(slot, ZEROS) + <f64>(sumLanes(zeros) + minusZeros), ZEROS)
  store<f64>(slot, load<f64>(slot, NEGATIVES) + <f64>(sumLanes(negatives) - minusZeros), NEGATIVES)
  store<f64>(slot, load<f64>(slot, COUNT) + <f64>length, COUNT)
  return true
}

function countMinusZeros(values: usize, length: i32, step: usize): i32 {
  const minusZero = i32x4.splat(i32.MIN_VALUE)
  let found = i32x4.splat(0)
  for (; length > 0; length -= 8, values += step) {
    found = i32x4.sub(found, i32x4.eq(v128.load(values), minusZero))
    found = i32x4.sub(found, i32x4.eq(v128.load(values, 16), minusZero))
  }
  return addLanes(found)
}

function maxLane<T>(v: v128): T {
  return max(
    max(v128.extract_lane<T>(v, 0), v128.extract_lane<T>(v, 1)),
    max(v128.extract_lane<T>(v, 2), v128.extract_lane<T>(v, 3)),
  )
}

function minLane(v: v128): i32 {
  return min(
    min(v128.extract_lane<i32>(v, 0), v128.extract_lane<i32>(v, 1)),
    min(v128.extract_lane<i32>(v, 2), v128.extract_lane<i32>(v, 3)),
  )
}

/** Of eight 16-bit lanes. */
function sumLanes(v: v128): i32 {
  return addLanes(i32x4.extadd_pairwise_i16x8_s(v))
}

/** Of four 32-bit lanes. */
function addLanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
}
