import fc from 'fast-check'
import { expect, it } from 'vitest'
import { transposed } from '../../../src/onnx/elements/transposed.js'

const types = [Float32Array, Int8Array, Int16Array] as const

/** Sides beside the 64 of a block, whole words and others, in arrays that may begin between words. */
const matrices = fc.record({
  type: fc.constantFrom(...types, Int8Array),
  rows: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(4, 64, 68, 132)),
  columns: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(4, 64, 68, 132)),
  first: fc.integer({ min: 0, max: 4 }),
})

it('rows become columns, whatever the sides, the type and where the array begins', () => {
  const law = fc.property(matrices, ({ type, rows, columns, first }) => {
    const whole = new type(first + rows * columns).map((_, at) => at * 37 + (at >> 7) - 128)
    const data = whole.subarray(first)
    const turned = transposed(data, rows, columns, new type(rows * columns))
    expect(String(turned)).toBe(String(data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)]!)))
  })
  fc.assert(law, { numRuns: 60 })
})
