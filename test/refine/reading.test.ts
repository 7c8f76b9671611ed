import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowTaps } from '../../src/onnx/geometry.js'
import { Patches } from '../../src/refine/reading.js'
import { convolutions, products, type Read } from './arbitraries.js'

/** Every patch of every group by the oracle's geometry: [group][position][value]. */
function patchesOf({ reading, dims, values }: Read): number[][][] {
  const { groups, depth, window } = reading
  if (window === undefined) {
    const rows = values.length / depth
    return [Array.from({ length: rows }, (_, row) => [...values.subarray(row * depth, (row + 1) * depth)])]
  }
  const [batch, channels, ...space] = dims as [number, number, ...number[]]
  const taps = windowTaps({ ...window, ceil: false }, space)
  const elements = window.kernel.reduce((product, length) => product * length, 1)
  const plane = space.reduce((product, length) => product * length, 1)
  return Array.from({ length: groups }, (_, group) =>
    Array.from({ length: batch }, (_, image) => image).flatMap((image) =>
      taps.map((inside) => {
        const patch = new Array<number>(depth).fill(0)
        for (let c = 0; c < depth / elements; c++) {
          const from = (image * channels + group * (channels / groups) + c) * plane
          for (const { element, offset } of inside) patch[c * elements + element] = values[from + offset]!
        }
        return patch
      }),
    ),
  )
}

describe('The patches that an operator reads', () => {
  it('are those of the oracle, at any positions, in rows of any stride', () => {
    fc.assert(
      fc.property(fc.oneof(convolutions(8), products(8)), fc.integer({ min: 0, max: 5 }), (read, padding) => {
        const { reading, dims, values } = read
        const patches = new Patches(reading, dims)
        const expected = patchesOf(read)
        expect(patches.count).toBe(expected[0]!.length)
        const positions = Uint32Array.from({ length: patches.count }, (_, i) => i).filter((i) => i % 2 === 0)
        const stride = positions.length + padding
        for (const [group, all] of expected.entries()) {
          const rows = new Int16Array(reading.depth * stride)
          patches.gather(values, group, patches.locate(positions), rows, stride)
          for (const [p, position] of positions.entries()) {
            const found = Array.from({ length: reading.depth }, (_, k) => rows[k * stride + p])
            expect(found).toEqual(all[position])
          }
        }
      }),
    )
  })

  it('are summed over all positions', () => {
    fc.assert(
      fc.property(fc.oneof(convolutions(8), products(16)), (read) => {
        const { reading, dims, values } = read
        const expected = patchesOf(read).flatMap((all) =>
          Array.from({ length: reading.depth }, (_, k) => all.reduce((sum, patch) => sum + patch[k]!, 0)),
        )
        expect([...new Patches(reading, dims).sums(values)]).toEqual(expected)
      }),
    )
  })
})
