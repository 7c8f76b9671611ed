import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blockedDims, firstNonFinite, unblocked } from '../../../src/onnx/runtime/layout.js'

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 40 }),
  space: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  block: fc.constantFrom(4, 8, 16),
})

const product = (dims: readonly number[]) => dims.reduce((result, dim) => result * dim, 1)

/** The definition, value by value: channel c is lane c % B of block c / B. Padding is NaN. */
function blockedOf(values: Float32Array, dims: readonly number[], block: number): Float32Array {
  const [batch, channels, ...space] = dims as [number, number, ...number[]]
  const area = product(space)
  const blocks = Math.ceil(channels / block)
  const result = new Float32Array(batch * blocks * block * area).fill(Number.NaN)
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let at = 0; at < area; at++) {
        const to = ((n * blocks + Math.floor(c / block)) * area + at) * block + (c % block)
        result[to] = values[(n * channels + c) * area + at]!
      }
    }
  }
  return result
}

it('gives a blocked tensor its rows back', () => {
  fc.assert(
    fc.property(shapes, ({ batch, channels, space, block }) => {
      const dims = [batch, channels, ...space]
      const values = Float32Array.from({ length: product(dims) }, (_, i) => i)
      const blocked = blockedOf(values, dims, block)
      const held = blockedDims(dims, block)
      expect(blocked.length).toBe(product(held))
      expect(unblocked(blocked, held, { channels, block })).toEqual(values)
    }),
  )
})

it('finds the first value that is not finite in row order, padding aside', () => {
  const bad = fc.array(fc.nat({ max: 10_000 }), { maxLength: 4 })
  fc.assert(
    fc.property(shapes, bad, ({ batch, channels, space, block }, places) => {
      const dims = [batch, channels, ...space]
      const values = Float32Array.from({ length: product(dims) }, (_, i) => i)
      for (const place of places) values[place % values.length] = -Infinity
      const first = values.findIndex((value) => !Number.isFinite(value))
      const found = firstNonFinite(blockedOf(values, dims, block), batch, { channels, block })
      expect(found).toEqual(first === -1 ? { index: Infinity, value: Number.NaN } : { index: first, value: -Infinity })
    }),
  )
})
