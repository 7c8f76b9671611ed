// Arrays of float32 values as tensors hold them, with a bias to what goes wrong: zeros of both signs, powers of two, subnormals, extremes.

import fc from 'fast-check'

const FLOAT32_MAX = 2 ** 128 - 2 ** 104

const powerOfTwo = fc
  .record({ exponent: fc.integer({ min: -149, max: 127 }), sign: fc.constantFrom(1, -1) })
  .map(({ exponent, sign }) => sign * 2 ** exponent)

const edge = fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, 1, -1, FLOAT32_MAX, -FLOAT32_MAX)

/** Any finite float32. */
const finite = fc.oneof(
  { weight: 4, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 4, arbitrary: fc.float({ noNaN: true, min: -8, max: 8 }) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: powerOfTwo },
  { weight: 1, arbitrary: edge },
)

/** Tensors of one magnitude, as real ones are, and tensors of every magnitude at once. */
export const floats = fc.oneof(
  fc.array(finite, { maxLength: 60 }).map((values) => Float32Array.from(values)),
  fc
    .record({
      values: fc.array(fc.float({ noNaN: true, min: -1, max: 1 }), { maxLength: 200 }),
      exponent: fc.integer({ min: -140, max: 127 }),
    })
    .map(({ values, exponent }) => Float32Array.from(values, (x) => x * 2 ** exponent)),
)
