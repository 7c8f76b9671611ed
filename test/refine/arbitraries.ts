// Operators as refinement knows them, small, with an input of theirs.

import fc from 'fast-check'
import type { Reading } from '../../src/refine/reading.js'

export interface Read {
  readonly reading: Reading
  readonly dims: readonly number[]
  /** Codes of the input. */
  readonly values: Float32Array
}

const list = (length: number, min: number, max: number) =>
  fc.array(fc.integer({ min, max }), { minLength: length, maxLength: length })

const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1)

function withValues(reading: Reading, dims: readonly number[], bits: number): fc.Arbitrary<Read> {
  const low = -(2 ** (bits - 1))
  return list(size(dims), low, -low - 1).map((values) => ({ reading, dims, values: Float32Array.from(values) }))
}

/** Convolutions from one group to depthwise, over one or two axes, padded, strided and dilated. */
export function convolutions(bits: number): fc.Arbitrary<Read> {
  return fc.integer({ min: 1, max: 2 }).chain((rank) =>
    fc
      .record({
        groups: fc.integer({ min: 1, max: 3 }),
        channels: fc.integer({ min: 1, max: 3 }),
        batch: fc.integer({ min: 1, max: 2 }),
        kernel: list(rank, 1, 3),
        strides: list(rank, 1, 2),
        dilations: list(rank, 1, 2),
        pads: list(2 * rank, 0, 2),
        room: list(rank, 0, 4),
      })
      .chain(({ groups, channels, batch, room, ...window }) => {
        const space = room.map((extra, axis) => window.dilations[axis]! * (window.kernel[axis]! - 1) + 1 + extra)
        const reading = { groups, depth: channels * size(window.kernel), window }
        return withValues(reading, [batch, groups * channels, ...space], bits)
      }),
  )
}

/** Products along the last axis. */
export function products(bits: number): fc.Arbitrary<Read> {
  return fc
    .tuple(fc.integer({ min: 1, max: 9 }), list(2, 1, 3))
    .chain(([depth, rows]) => withValues({ groups: 1, depth, window: undefined }, [...rows, depth], bits))
}
