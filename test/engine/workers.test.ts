import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modelsAtOnce, workersFor } from '../../src/engine/workers.js'

const GB = 2 ** 30

describe('worker threads', () => {
  test.each([
    [4, 0, { cores: 8, memory: 16 * GB }, 4, undefined],
    [64, 0, { cores: 8, memory: 16 * GB }, 8, /there are 8 cores/],
    [8, 0.5 * GB, { cores: 8, memory: 4 * GB }, 2, /each takes about 1174 MB with this model, and 4096 MB are free/],
    [8, 40 * GB, { cores: 8, memory: 16 * GB }, 1, /MB are free/],
  ])('%i asked for, %f bytes of weights, on %j: %i', (asked, weights, machine, threads, reason) => {
    const workers = workersFor(asked, weights, machine)
    expect(workers.threads).toBe(threads)
    if (reason === undefined) expect(workers.reason).toBeUndefined()
    else expect(workers.reason).toMatch(reason)
  })

  test('are at least one, and never more than asked for', () => {
    const count = fc.integer({ min: 1, max: 500 })
    fc.assert(
      fc.property(count, fc.nat(2 ** 31 - 1), count, fc.nat(2 ** 31 - 1), (asked, weights, cores, memory) => {
        const { threads } = workersFor(asked, weights, { cores, memory })
        expect(threads).toBeGreaterThanOrEqual(1)
        expect(threads).toBeLessThanOrEqual(Math.min(asked, cores))
      }),
    )
  })
})

test('a worker measures all five modes of a small model at once, and a large model by itself', () => {
  expect(modelsAtOnce(5e6, 4 * 64 * 111 * 111)).toBeGreaterThanOrEqual(5)
  expect(modelsAtOnce(100e6, 3e6)).toBe(1)
  expect(modelsAtOnce(2e9, 1e8)).toBe(1)
})
