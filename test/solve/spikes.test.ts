import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitSpikes } from '../../src/solve/spikes.js'

test('no bin keeps more than four times the median of the non-empty bins around it', () => {
  const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 }))
  fc.assert(
    fc.property(fc.array(count, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (counts, reach) => {
      const expected = counts.map((own, bin) => {
        const around = counts.slice(Math.max(bin - reach, 0), bin + reach + 1).filter((other) => other > 0)
        const sorted = around.sort((a, b) => a - b)
        return Math.min(own, 4 * (sorted[Math.floor(sorted.length / 2)] ?? 0))
      })
      expect([...limitSpikes(Float64Array.from(counts), reach)]).toEqual(expected)
    }),
  )
})

test('a lone bin and a smooth slope stay, a spike in a plain does not', () => {
  expect([...limitSpikes(Float64Array.of(0, 0, 0, 90, 0, 0, 0), 2)]).toEqual([0, 0, 0, 90, 0, 0, 0])
  expect([...limitSpikes(Float64Array.of(32, 16, 8, 4, 2, 1), 2)]).toEqual([32, 16, 8, 4, 2, 1])
  expect([...limitSpikes(Float64Array.of(1, 1, 1, 90, 1, 1, 1), 2)]).toEqual([1, 1, 1, 4, 1, 1, 1])
})
