// What the chip decides of integers is what the float comparison decides of the values they stand for.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { rangeOf } from '../../src/fixedpoint/width.js'
import { makeNode } from '../../src/onnx/node.js'
import type { PlannedComparison, Relation } from '../../src/operators/comparison/plan.js'
import { referenceComparison } from '../../src/operators/comparison/reference.js'
import { solveComparison } from '../../src/operators/comparison/solve.js'

const chip = chipProfile('TX5105C')
const holds: Record<Exclude<Relation, 'Equal'>, (a: number, b: number) => boolean> = {
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
}
const [low, high] = rangeOf(8)
const codes = Int32Array.from({ length: 256 }, (_, i) => low + i)

/** A power of two: products with codes are exact, so that equal values are equal. */
const scale = fc.integer({ min: -8, max: 8 }).map((power) => 2 ** power)
/** Any scale: of products with codes the nearest float32 counts. */
const anyScale = fc.float({ min: Math.fround(2 ** -8), max: 256, noNaN: true })
/** In steps: whole, and between two. */
const constant = fc.integer({ min: 2 * low - 8, max: 2 * high + 8 }).map((halves) => halves / 2)

function decided(relation: Relation, inputs: readonly string[], parts: PlannedComparison['parts'], scales: number[]) {
  const quantized = new Map(inputs.map((name, i) => [name, { name, bits: 8, scale: scales[i]! }]))
  const planned = { kind: 'comparison', name: 'c', nodes: [makeNode(relation, ['a', 'b'], ['c'])], inputs, outputs: [] }
  const context = { chip, quantized, ranges: new Map(), lutBits: 10 }
  const { operator } = solveComparison({ ...planned, relation, parts }, context)
  const data = { dims: [codes.length], data: codes }
  const [condition] = referenceComparison(
    operator,
    inputs.map((name) => (name === 'x' ? data : { dims: [1], data: Int32Array.of(17) })),
  )
  return Array.from(condition!.data, Boolean)
}

it.each(Object.keys(holds) as (keyof typeof holds)[])('%s of a constant, on either side, is exact', (relation) => {
  fc.assert(
    fc.property(fc.oneof(scale, anyScale), constant, fc.boolean(), (scale, steps, isFirst) => {
      const value = Math.fround(steps * scale)
      const part = { dims: [], data: Float32Array.of(value) }
      const made = decided(relation, ['x'], isFirst ? [part, 'input'] : ['input', part], [scale])
      const expected = Array.from(codes, (code) => {
        const sides = [Math.fround(code * scale), value] as const
        return isFirst ? holds[relation](sides[1], sides[0]) : holds[relation](...sides)
      })
      expect(made).toEqual(expected)
    }),
  )
})

it('two tensors of different scales are compared without rounding to a common one', () => {
  const made = decided('Less', ['x', 'z'], ['input', 'input'], [0.01, 0.013])
  expect(made).toEqual(Array.from(codes, (code) => code * 0.01 < 17 * 0.013))
})
