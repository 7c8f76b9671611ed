import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areFinite } from '../../src/histogram/finite.js'

describe('areFinite', () => {
  it('says what Number.isFinite says of every value, at any place of any length', () => {
    const float = fc.float({ noNaN: false, noDefaultInfinity: false })
    fc.assert(
      fc.property(fc.nat({ max: 40_000 }), fc.array(fc.tuple(fc.nat(), float), { maxLength: 3 }), (length, placed) => {
        const values = new Float32Array(length).fill(-3.4028234663852886e38)
        for (const [at, value] of placed) if (length > 0) values[at % length] = value
        expect(areFinite(values)).toBe(values.every(Number.isFinite))
      }),
    )
  })

  it('forgets what it was shown before', () => {
    expect(areFinite(new Float32Array(20_000).fill(Number.NaN))).toBe(false)
    expect(areFinite(Float32Array.of(1, 2, 3))).toBe(true)
    expect(areFinite(new Float32Array(0))).toBe(true)
  })
})
