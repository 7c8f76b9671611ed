// The worked example of docs/fixed-point.md: these numbers and those there are the same.

import { expect, it } from 'vitest'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { runReference } from '../operators/oracle.js'
import { chip, only, planOf, pointwise, tensor } from './fixtures.js'

const weights = [
  [0.5, -0.25, 0.4, 0.45],
  [0.1, 0.02, -0.08, 0.05],
]
const planned = pointwise(weights, {
  bias: Float32Array.of(0.4, 0.3),
  clamp: { low: 0, high: Number.POSITIVE_INFINITY },
})
const model = solveFixedPoint(planOf([planned]), new Map(Object.entries({ x: 6.35, y: 10.16 })), chip)
const conv = only(model, 'conv')

it('scales are thresholds over 127 in float32', () => {
  expect(model.quantized.get('x')!.scale).toBe(Math.fround(0.05))
  expect(model.quantized.get('y')!.scale).toBe(Math.fround(0.08))
})

it('the layer solves to the documented integers', () => {
  expect([...conv.weights.data]).toEqual([127, -63, 102, 114, 127, 25, -102, 63])
  expect(conv.scaleFix).toEqual({
    q0: 1,
    q1: 10,
    q2: 12,
    scaleInt16: Int16Array.of(20642, 4129),
    biasInt16: Int16Array.of(20480, 15360),
    low: 0,
    high: 127,
  })
  expect([...conv.weightScales].map((scale) => scale.toFixed(8))).toEqual(['0.00393715', '0.00078754'])
  expect(conv.accumulatorBound).toBe(51905)
})

it('one position computes to the documented outputs', () => {
  const input = tensor([1, 4, 1, 1], [100, -20, 60, 7])
  expect([...runReference(conv, [input], model)[0]!.data]).toEqual([56, 7])
})
