import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { floats } from '../onnx/models.js'
import { modelOf, node, planOf } from './fixtures.js'

const chip = chipProfile('TX5105C')

type Attributes = readonly ReturnType<typeof makeAttribute>[]

/** A model of one function, whose output has been observed up to a threshold. */
async function endOf(type: string, threshold: number, attributes: Attributes = []) {
  const model = modelOf({ nodes: [node(type, 'x', 'y', ...attributes)], constants: [] })
  const x = { type: 'float32' as const, dims: [1, 4, 8, 8], data: new Float32Array(256) }
  const plan = await makePlan(model, await shapesFor(model, { x }), { chip, bitsOf: () => 8 })
  const thresholds = new Map(plan.groups.map(({ name, tensors }) => [name, tensors.includes('y') ? threshold : 4]))
  const { operators, quantized } = solveFixedPoint(plan, thresholds, chip)
  const { scale, bits } = quantized.get('y')!
  expect(bits).toBe(16)
  return { operators, scale, extreme: 32767 * scale }
}

/** What the integers at the end stand for where the input is 0, and their scale. */
async function atZero(type: string, threshold: number, ...attributes: Attributes) {
  const { operators, scale } = await endOf(type, threshold, attributes)
  const { table } = operators.find(({ outputs }) => outputs.includes('y')) as FixedLut
  return { value: Math.fround(table[128]! * scale), scale, finest: (2 * threshold) / 32767 }
}

describe('a function at the end of a model', () => {
  const threshold = fc.double({ min: 0.51, max: 1, noNaN: true })

  it('gives a logit of 0 the probability of 0.5, whatever was observed', async () => {
    await fc.assert(
      fc.asyncProperty(threshold, async (most) => {
        const { value, scale, finest } = await atZero('Sigmoid', most)
        expect(value).toBe(0.5)
        expect(scale).toBeGreaterThanOrEqual(Math.fround(finest))
        expect(scale).toBeLessThan(finest * 1.01)
      }),
      { numRuns: 20 },
    )
  })

  it('gives what is no fraction of two as float32 has it', async () => {
    expect((await atZero('Softplus', 4)).value).toBe(Math.fround(Math.LN2))
    expect((await atZero('HardSigmoid', 1, makeAttribute('beta', { float: 0.3 }))).value).toBe(Math.fround(0.3))
  })

  it('has the scale of its threshold where 0 stays 0', async () => {
    const { value, scale, finest } = await atZero('Tanh', 0.9)
    expect(value).toBe(0)
    expect(scale).toBe(Math.fround(finest))
  })

  it('has the scale of its threshold where what it writes for 0 is a step or two', async () => {
    const { scale, finest } = await atZero('Exp', 10000)
    expect(scale).toBe(Math.fround(finest))
  })

  it('holds every value that it can have, however small those were that it was calibrated on', async () => {
    for (const type of ['Sigmoid', 'HardSigmoid', 'Tanh']) {
      const { extreme } = await endOf(type, 0.25)
      expect(Math.fround(extreme)).toBeGreaterThanOrEqual(1)
      expect(extreme).toBeLessThan(1.01)
    }
  })

  it('holds every value also where the chip decides by it', async () => {
    const nodes = [node('Sigmoid', 'x', 'y'), node('GreaterOrEqual', 'y half', 'k'), node('Not', 'k', 'z')]
    for (const outputs of [['y', 'z'], ['z']]) {
      const plan = await planOf({ nodes, constants: [floats('half', [], [0.5])], outputs })
      const thresholds = new Map(plan.groups.map(({ name }) => [name, 0.1]))
      const { scale, bits } = solveFixedPoint(plan, thresholds, chip).quantized.get('y')!
      expect(bits).toBe(16)
      expect(Math.fround(32767 * scale)).toBeGreaterThanOrEqual(1)
    }
  })
})
