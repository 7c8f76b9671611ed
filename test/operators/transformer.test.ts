// What the families that transformers need are worth: they resemble the float operators. That what is exported agrees with the oracle on every
// bit, the conformance suite shows.

import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { familyOf } from '../../src/operators/index.js'
import type { PlannedNormalization } from '../../src/operators/normalization/plan.js'
import type { PlannedSoftmax } from '../../src/operators/softmax/plan.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import { runReference } from './oracle.js'

const chip = chipProfile('TX5105C')
const base = { name: 'one', nodes: [], inputs: ['x'], outputs: ['y'] }

/** The oracle's output in real units, for one row of real inputs, at 8 and 16 bits of input; and the real values of the integers fed. */
function run(planned: PlannedOperator, row: readonly number[], bits: number, outputScale: number) {
  const most = row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  const x = { name: 'x', bits, scale: Math.fround(most / (2 ** (bits - 1) - 1)) }
  const quantized = new Map([x, { name: 'y', bits: 16, scale: outputScale }].map((one) => [one.name, one]))
  const solved = familyOf(planned).solve(planned, { chip, quantized, ranges: new Map(), lutBits: 10 })
  if ('offence' in solved) throw new Error(solved.offence)
  const data = Int32Array.from(row, (value) => Math.round(value / x.scale))
  const [y] = runReference(solved.operator, [{ dims: [1, row.length], data }], { chip, quantized })
  return { values: Array.from(data, (q) => q * x.scale), results: Array.from(y!.data, (q) => q * outputScale) }
}

const rowOf = (length: number) => Array.from({ length }, (_, i) => Math.sin(i * i) * 4 + 1)
const row = rowOf(192)

describe.each([8, 16])('on inputs of %i bits', (bits) => {
  it('softmax gives shares to 2^-13', () => {
    const planned: PlannedSoftmax = { ...base, kind: 'softmax', axes: [-1], length: row.length }
    const { values, results } = run(planned, row, bits, Math.fround(2 ** -15))
    const most = Math.max(...values)
    const sum = values.reduce((total, x) => total + Math.exp(x - most), 0)
    for (const [i, x] of values.entries()) {
      expect(Math.abs(results[i]! - Math.exp(x - most) / sum)).toBeLessThan(2 ** -13)
    }
  })

  it.each([192, 100_000])(
    'layer normalization gives values to a hundredth of the deviation, of rows of %i',
    (length) => {
      const row = rowOf(length)
      const one = { dims: [], data: Float32Array.of(1) }
      const zero = { dims: [], data: Float32Array.of(0) }
      const shape = { axes: [-1], length: row.length, epsilon: 1e-5, centered: true, unit: 1, clamp: undefined }
      const planned: PlannedNormalization = { ...base, kind: 'normalization', ...shape, factor: one, offset: zero }
      const { values, results } = run(planned, row, bits, Math.fround(2 ** -12))
      const mean = values.reduce((a, b) => a + b, 0) / row.length
      const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length + 1e-5)
      const worst = values.reduce((most, x, i) => Math.max(most, Math.abs(results[i]! - (x - mean) / deviation)), 0)
      expect(worst).toBeLessThan(0.01)
    },
  )

  it('layer normalization of values far below the root of epsilon gives next to nothing', () => {
    const tiny = rowOf(32).map((value) => value * 1e-12)
    const shape = { axes: [-1], length: 32, epsilon: 1e-5, centered: true, unit: 1, clamp: undefined }
    const [factor, offset] = [1, 0].map((value) => ({ dims: [], data: Float32Array.of(value) }))
    const planned: PlannedNormalization = { ...base, kind: 'normalization', ...shape, factor: factor!, offset: offset! }
    const { results } = run(planned, tiny, bits, Math.fround(2 ** -12))
    expect(results.every((y) => Math.abs(y) < 1e-3)).toBe(true)
  })
})
