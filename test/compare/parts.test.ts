// How tensors are dealt into parts that are compared one after the other.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partsOf } from '../../src/compare/integerModel.js'

it('keeps the order, fills no part beyond the limit but with a tensor that is larger by itself, and starts none too early', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 30 }), (tensors, most) => {
      const parts = partsOf(tensors, (bytes) => bytes, most)
      const sum = (part: readonly number[]) => part.reduce((total, bytes) => total + bytes, 0)
      expect(parts.flat()).toEqual(tensors)
      for (const [i, part] of parts.entries()) {
        expect(sum(part) <= most || part.length === 1).toBe(true)
        if (i > 0) expect(sum(parts[i - 1]!) + part[0]!).toBeGreaterThan(most)
      }
    }),
  )
})
