import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromFloat16, toFloat16 } from '../../../src/onnx/elements/float16.js'

it('rounds to the nearest float16, ties to even, as numpy does', () => {
  const values = [
    0,
    -0,
    1,
    -2,
    65504,
    65519.9,
    65520,
    1e-8,
    2 ** -24,
    2 ** -25,
    2 ** -25 * 1.0001,
    6.0975e-5,
    6.1035e-5,
    0.333251953125,
    1.00048828125,
    1.00146484375,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]
  const numpy = [0, 32768, 15360, 49152, 31743, 31743, 31744, 0, 1, 0, 1, 1023, 1024, 13653, 15360, 15362, 31744, 64512]
  expect(values.map(toFloat16)).toEqual(numpy)
})

it('gives back every float16 bit pattern but the NaNs', () => {
  const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => !Number.isNaN(fromFloat16(bits)))
  expect(patterns.filter((bits) => toFloat16(fromFloat16(bits)) !== bits)).toEqual([])
  expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN()
})

it('is never further away than a neighbouring float16', () => {
  fc.assert(
    fc.property(fc.double({ min: -65500, max: 65500, noNaN: true }), (x) => {
      const bits = toFloat16(x)
      const magnitude = bits & 0x7fff
      const error = Math.abs(fromFloat16(bits) - x)
      for (const neighbour of [magnitude - 1, magnitude + 1].filter((m) => m >= 0 && m < 0x7c00)) {
        expect(error).toBeLessThanOrEqual(Math.abs(fromFloat16((bits & 0x8000) | neighbour) - x))
      }
    }),
  )
})
