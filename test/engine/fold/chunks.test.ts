import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunksOf, segmentsOf } from '../../../src/engine/fold/chunks.js'

const counts = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 4 })

describe('chunks', () => {
  test('every position is in exactly one chunk, in order, and no chunk crosses a count that somebody asks for', () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 20 }), fc.nat(1e8), (observed, measured, batch, values) => {
        const segments = segmentsOf(observed, measured)
        const chunks = chunksOf(segments, batch, values)
        let position = 0
        for (const { from, to } of chunks) {
          expect(from).toBe(position)
          expect(to).toBeGreaterThan(from)
          position = to
        }
        expect(position).toBe(Math.max(0, ...observed, ...measured))
        for (const bound of [...observed, ...measured]) {
          expect(chunks.some(({ to }) => to === bound)).toBe(true)
        }
      }),
    )
  })

  test('chunks are whole batches, but for the last of a segment, one has a batch more than another at most, and 8 workers get as many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 20 }), (count, batch) => {
        const chunks = chunksOf(segmentsOf([count], []), batch, 33)
        for (const { from, to } of chunks.slice(0, -1)) expect((to - from) % batch).toBe(0)
        const batches = chunks.map(({ from, to }) => Math.ceil((to - from) / batch))
        expect(Math.max(...batches) - Math.min(...batches)).toBeLessThanOrEqual(1)
        expect(chunks.length <= 16 || chunks.length % 8 === 0 || Math.max(...batches) === 1).toBe(true)
      }),
    )
  })

  test('a segment is observed up to the largest calibration count and measured up to the largest evaluation count', () => {
    expect(segmentsOf([10, 100], [500])).toEqual([
      { from: 0, to: 10, observe: true, measure: true },
      { from: 10, to: 100, observe: true, measure: true },
      { from: 100, to: 500, observe: false, measure: true },
    ])
    expect(segmentsOf([100], [20])).toEqual([
      { from: 0, to: 20, observe: true, measure: true },
      { from: 20, to: 100, observe: true, measure: false },
    ])
  })

  test.each([
    [500, 40, 16, 'few samples make many chunks'],
    [10_000, 33.5, 34, 'many samples make chunks that are worth handing over'],
    [10_000, 0.01, 1, 'a sample may be a chunk'],
    [100_000, 1e6, 256, 'a chunk has 256 samples at most'],
  ])('%i samples of which %f are enough make chunks of %i at most: %s', (samples, enough, size) => {
    const sizes = chunksOf(segmentsOf([samples], []), 1, enough).map(({ from, to }) => to - from)
    expect(Math.max(...sizes)).toBe(size)
  })
})
