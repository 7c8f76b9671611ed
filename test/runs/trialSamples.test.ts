import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlannedOperator } from '../../src/operators/types.js'
import type { Plan } from '../../src/plan/types.js'
import { trialSamples } from '../../src/runs/quantization/trialSamples.js'

/** Of a model whose only operator writes so many values. */
function planOf(values: number): Plan {
  const operator: PlannedOperator = { kind: 'lut', name: 'relu', nodes: [], inputs: ['x'], outputs: ['y'] }
  const tensors = new Map(['x', 'y'].map((name) => [name, { dataType: 1, dims: [1, values] }]))
  return { operators: [operator], tensors } as unknown as Plan
}

const single = (samples: number) => ({ samples, batch: 1, forwards: 1 })
const tried = (values: number, samples: number) => trialSamples(planOf(values), single(samples))

describe('the samples of a trial', () => {
  it('are all of a few, else two thirds of them, 16 to 64', () => {
    const counts = [1, 10, 16, 24, 25, 30, 60, 95, 96, 100, 5000]
    expect(counts.map((samples) => tried(100, samples))).toEqual([1, 10, 16, 16, 16, 20, 40, 63, 64, 64, 64])
  })

  it('stay 16 where the model is large, however many there are', () => {
    expect([8, 16, 100, 5000].map((samples) => tried(1e8, samples))).toEqual([8, 16, 16, 16])
  })

  it('are fewer the larger the model is, but never less than 16', () => {
    fc.assert(
      fc.property(fc.nat(1e8), fc.nat(1e8), fc.integer({ min: 1, max: 5000 }), (a, b, samples) => {
        const [more, less] = [tried(Math.min(a, b) + 1, samples), tried(Math.max(a, b) + 1, samples)]
        expect(less).toBeLessThanOrEqual(more)
        expect(less).toBeGreaterThanOrEqual(Math.min(16, samples))
        expect(more).toBeLessThanOrEqual(Math.min(64, samples))
      }),
    )
  })

  it('fill whole forward passes of a model with a fixed batch', () => {
    const counts = [32, 64, 96, 320].map((samples) => trialSamples(planOf(100), { samples, batch: 32, forwards: 1 }))
    expect(counts).toEqual([32, 64, 64, 64])
    expect(trialSamples(planOf(1e8), { samples: 40, batch: 10, forwards: 1 })).toBe(20)
  })

  it('cost what each takes of a forward pass, or of several', () => {
    const values = 3e6
    const alone = tried(values, 5000)
    expect(alone).toBeGreaterThan(16)
    expect(alone).toBeLessThan(64)
    expect(trialSamples(planOf(4 * values), { samples: 5000, batch: 4, forwards: 1 })).toBe(Math.ceil(alone / 4) * 4)
    expect(trialSamples(planOf(values / 4), { samples: 5000, batch: 1, forwards: 4 })).toBe(alone)
  })
})
