// Counting: byte offsets of counts, made by the scan, to counts in a slot or in the table that holds one slot's.

import { MAX, MIN, SCALE } from './slot'

/** Values whose offsets are made at once. */
export const BLOCK: i32 = 2048

/** By how many bytes of offsets counting follows scanning: at once, a load would wait for the store of its vector. */
export const LAG: usize = 64
/** The offsets of a block. In front of them are LAG bytes that a count which follows starts with: of cells that nobody reads. */
export const offsets = memory.data(<i32>LAG + BLOCK * 2, 64) + LAG
for (let i: usize = 0; i < LAG; i += 2) store<u16>(offsets - LAG + i, <u16>(0x8000 + ((i & 14) << 5)))

// The counts of one slot at a time are held here while they are added to, as far as its values reach; all others are 0. In order, the cache
// fetches them ahead, as it cannot do in the order of the values; and a fixed address is part of the instruction, which saves an addition for
// every value.
const table = memory.data(33280, 64)
/** The slot whose counts are held; 0: none. */
let held: usize = 0

const COUNTS_BYTES: usize = 32768

/** Holds the slot's counts; those held so far are written back. */
export function holdSlot(slot: usize): void {
  if (slot == held) return
  release()
  held = slot
  const up = topOf(load<f32>(held, MAX))
  const down = topOf(-load<f32>(held, MIN))
  memory.copy(table, held, up)
  memory.copy(table + COUNTS_BYTES - down, held + COUNTS_BYTES - down, down)
}

// @ts-ignore: decorators are AssemblyScript's
@inline
export function isHeld(slot: usize): bool {
  return slot == held
}

/** Bytes of counts from zero to the bin of this magnitude; of a negative number's, to the first. */
function topOf(magnitude: f32): usize {
  return <usize>(max<f32>(magnitude, 0) * load<f32>(held, SCALE) + 1) << 2
}

/** Writes back the counts that are held. To be called before anybody else looks at or changes a slot. */
export function release(): void {
  if (held == 0) return
  const up = topOf(load<f32>(held, MAX))
  const down = topOf(-load<f32>(held, MIN))
  const below = table + COUNTS_BYTES - down
  memory.copy(held, table, up)
  memory.copy(held + COUNTS_BYTES - down, below, down)
  memory.fill(table, 0, up)
  memory.fill(below, 0, down)
  held = 0
}

/** Adds one to the count of each of the first `length` entries of `offsets`. */
export function countInSlot(slot: usize, length: i32): void {
  const end = offsets + (<usize>length << 1)
  for (let from = offsets; from < end; from += 2) {
    const count = slot + <usize>load<u16>(from)
    store<u32>(count, load<u32>(count) + 1)
  }
}

// @ts-ignore: decorators are AssemblyScript's
@inline
export function countEight(from: usize): void {
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

/** Undoes the counting of the first `length` entries in the table. */
export function takeBack(length: i32): void {
  const end = offsets + (<usize>length << 1)
  for (let from = offsets; from < end; from += 2) {
    const count = <usize>load<u16>(from)
    store<u32>(count, load<u32>(count, table) - 1, table)
  }
}
