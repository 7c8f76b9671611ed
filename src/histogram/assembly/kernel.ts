// The hot loops of observation, in AssemblyScript (compiled to WebAssembly with 128-bit SIMD; ../kernel.ts is the only caller).
//
// A value's signed bin is t = trunc(x * 2^(b-k)), b = 12: exact, as a power of two only moves the exponent. Adding 1.5 * 2^21 to it
// leaves 4t, in two's complement, in the low bits of the float: masked, that is the byte offset of its uint32 count.
//
// t = 0 is not counted: the number of values less the other counts gives it. Most values of a ReLU land there, and updates of one
// count would wait for one another, so their offsets are turned into eight scattered cells behind the counts that nobody reads.
//
// Values go by in blocks: one vector loop finds range and offsets, and only if the block fits does a scalar loop count it.
//
// One slot, in bytes:
//
//     |<---------- 32768 ---------->|<- 512 ->|<------------------------------ 64 ------------------------------->|
//     | uint32 counts, of t & 8191  | cells   | f32x4 | uint32 | int32    | f32 | f32 | f64   | f64       | f64   |
//     | (that of t = 0 is not used) |         | scale | limit  | exponent | min | max | zeros | negatives | count |

export const SCALE: usize = 33280
export const LIMIT: usize = 33296
export const EXPONENT: usize = 33300
export const MIN: usize = 33304
export const MAX: usize = 33308
export const ZEROS: usize = 33312
export const NEGATIVES: usize = 33320
export const COUNT: usize = 33328
export const SLOT_BYTES: usize = 33344

/** Where memory is free for slots and buffers. */
export const HEAP: usize = __heap_base

const BLOCK: i32 = 2048

const offsets = memory.data(BLOCK * 2, 16)

// Counts of long arrays are copied here and back, as far as the values reach. In order, the cache fetches them ahead, as it cannot do in the order of the values;
// and a fixed address is part of the instruction, which saves an addition for every value.
const table = memory.data(33280, 64)
const COUNTS_BYTES: usize = 32768
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
 * Counts `length` floats (a multiple of 8) at `values` in the slot, up to the first block that has a magnitude of LIMIT (float bits)
 * or more, or anything that is not finite. Returns how many it counted; of the block where it stopped it leaves no trace.
 */
export function observe(slot: usize, values: usize, length: i32): i32 {
  const long = length >= LONG
  let done = 0
  // Bytes of counts that the table holds, from zero upwards and from the end (that is, from zero down) backwards.
  let up: usize = 0
  let down: usize = 0
  while (done < length) {
    const size = min(BLOCK, length - done)
    if (!scan(slot, values + (<usize>done << 2), size)) break
    if (long) {
      const scale = load<f32>(slot, SCALE)
      const top = <usize>(max<f32>(load<f32>(slot, MAX), 0) * scale + 1) << 2
      const bottom = <usize>(max<f32>(-load<f32>(slot, MIN), 0) * scale + 1) << 2
      if (top > up) {
        memory.copy(table + up, slot + up, top - up)
        up = top
      }
      if (bottom > down) {
        memory.copy(table + COUNTS_BYTES - bottom, slot + COUNTS_BYTES - bottom, bottom - down)
        down = bottom
      }
      countInTable(size)
    } else countInSlot(slot, size)
    done += size
  }
  memory.copy(slot, table, up)
  memory.copy(slot + COUNTS_BYTES - down, table + COUNTS_BYTES - down, down)
  return done
}

/** The greatest magnitude among `length` floats (a multiple of 8), as float bits: 0x7f800000 or more if one is not finite. */
export function magnitude(values: usize, length: i32): u32 {
  const end = values + (<usize>length << 2)
  const sign = i32x4.splat(0x7fffffff)
  let most = i32x4.splat(0)
  for (; values < end; values += 32) {
    most = v128.max<u32>(most, v128.and(v128.load(values), sign))
    most = v128.max<u32>(most, v128.and(v128.load(values, 16), sign))
  }
  return maxLane<u32>(most)
}

/** Of each of `groups` groups of `stride` floats at `values` keeps the first `lanes`, moved to the front. */
export function compact(values: usize, groups: i32, lanes: i32, stride: i32): void {
  const bytes = <usize>lanes << 2
  const vectors = bytes & ~15
  let to = values
  for (let group = 0; group < groups; group++) {
    let at: usize = 0
    for (; at < vectors; at += 16) v128.store(to + at, v128.load(values + at))
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(values + at))
    to += bytes
    values += <usize>stride << 2
  }
}

/** Range, zeros and negatives of one block into the slot, offsets into `offsets`; false, and no trace, if it does not fit. */
function scan(slot: usize, values: usize, length: i32): bool {
  const end = values + (<usize>length << 2)
  const scale = v128.load(slot, SCALE)
  const magic = v128.load(constants)
  const mask = v128.load(constants, 16)
  const cells = v128.load(constants, 32)
  const zero = v128.load(constants, 48)
  // Float bits order positive floats upwards and negative ones downwards, NaN and infinity beyond either end.
  let signedMax = i32x4.splat(i32.MIN_VALUE)
  let unsignedMax = i32x4.splat(0)
  let unsignedMin = i32x4.splat(-1)
  let zeros = zero
  let negatives = zero
  let to = offsets
  for (; values < end; values += 32) {
    const x = v128.load(values)
    const y = v128.load(values, 16)
    signedMax = v128.max<i32>(signedMax, x)
    unsignedMax = v128.max<u32>(unsignedMax, x)
    unsignedMin = v128.min<u32>(unsignedMin, x)
    signedMax = v128.max<i32>(signedMax, y)
    unsignedMax = v128.max<u32>(unsignedMax, y)
    unsignedMin = v128.min<u32>(unsignedMin, y)
    zeros = i32x4.sub(zeros, f32x4.eq(x, zero))
    zeros = i32x4.sub(zeros, f32x4.eq(y, zero))
    negatives = i32x4.sub(negatives, f32x4.lt(x, zero))
    negatives = i32x4.sub(negatives, f32x4.lt(y, zero))
    const t = v128.and(f32x4.add(f32x4.trunc(f32x4.mul(x, scale)), magic), mask)
    const u = v128.and(f32x4.add(f32x4.trunc(f32x4.mul(y, scale)), magic), mask)
    const packed = i16x8.narrow_i32x4_u(t, u)
    v128.store(to, v128.or(packed, v128.and(i16x8.eq(packed, zero), cells)))
    to += 16
  }

  const top = maxLane<i32>(signedMax)
  const greatest = maxLane<u32>(unsignedMax)
  const least = minLane(unsignedMin)
  const positive = top >= 0
  const negative = <i32>greatest < 0
  const limit = load<u32>(slot, LIMIT)
  if ((positive && <u32>top >= limit) || (negative && (greatest & 0x7fffffff) >= limit)) return false

  store<f32>(slot, max(load<f32>(slot, MAX), reinterpret<f32>(positive ? top : least)), MAX)
  store<f32>(slot, min(load<f32>(slot, MIN), reinterpret<f32>(negative ? greatest : least)), MIN)
  store<f64>(slot, load<f64>(slot, ZEROS) + <f64>sumLanes(zeros), ZEROS)
  store<f64>(slot, load<f64>(slot, NEGATIVES) + <f64>sumLanes(negatives), NEGATIVES)
  store<f64>(slot, load<f64>(slot, COUNT) + <f64>length, COUNT)
  return true
}

/** Adds one to the count of each of the first `length` entries of `offsets`. */
function countInSlot(slot: usize, length: i32): void {
  const end = offsets + (<usize>length << 1)
  for (let from = offsets; from < end; from += 2) {
    const count = slot + <usize>load<u16>(from)
    store<u32>(count, load<u32>(count) + 1)
  }
}

/** The same in the table, eight (of which `length` is a multiple) at a time. */
function countInTable(length: i32): void {
  const end = offsets + (<usize>length << 1)
  for (let from = offsets; from < end; from += 16) {
    const c0 = <usize>load<u16>(from)
    const c1 = <usize>load<u16>(from, 2)
    const c2 = <usize>load<u16>(from, 4)
    const c3 = <usize>load<u16>(from, 6)
    const c4 = <usize>load<u16>(from, 8)
    const c5 = <usize>load<u16>(from, 10)
    const c6 = <usize>load<u16>(from, 12)
    const c7 = <usize>load<u16>(from, 14)
    store<u32>(c0, load<u32>(c0, table) + 1, table)
    store<u32>(c1, load<u32>(c1, table) + 1, table)
    store<u32>(c2, load<u32>(c2, table) + 1, table)
    store<u32>(c3, load<u32>(c3, table) + 1, table)
    store<u32>(c4, load<u32>(c4, table) + 1, table)
    store<u32>(c5, load<u32>(c5, table) + 1, table)
    store<u32>(c6, load<u32>(c6, table) + 1, table)
    store<u32>(c7, load<u32>(c7, table) + 1, table)
  }
}

function maxLane<T>(v: v128): T {
  return max(
    max(v128.extract_lane<T>(v, 0), v128.extract_lane<T>(v, 1)),
    max(v128.extract_lane<T>(v, 2), v128.extract_lane<T>(v, 3)),
  )
}

function minLane(v: v128): u32 {
  return min(
    min(v128.extract_lane<u32>(v, 0), v128.extract_lane<u32>(v, 1)),
    min(v128.extract_lane<u32>(v, 2), v128.extract_lane<u32>(v, 3)),
  )
}

function sumLanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
}
