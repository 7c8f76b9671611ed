import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modelsAtOnce, workersFor } from '../../src/engine/workers.js'

const GB = 2 ** 30

describe('worker threads', () => {
  test.each([
    [4, { weights: 0, tensors: 0 }, { cores: 8, memory: 16 * GB }, 4, undefined],
    [64, { weights: 0, tensors: 0 }, { cores: 8, memory: 16 * GB }, 8, /there are 8 cores/],
    [
      8,
      { weights: 0.5 * GB, tensors: 0 },
      { cores: 8, memory: 4 * GB },
      2,
      /each takes about 1204 MB with this model, and 4096 MB are free/,
    ],
    [8, { weights: 40 * GB, tensors: 0 }, { cores: 8, memory: 16 * GB }, 1, /MB are free/],
    [2, { weights: 0.2 * GB, tensors: 0.5 * GB }, { cores: 2, memory: 6 * GB }, 1, /each takes about 3662 MB/],
    // What is compared is compared in parts.
    [2, { weights: 0.2 * GB, tensors: 2 * GB }, { cores: 2, memory: 12 * GB }, 1, /each takes about 6734 MB/],
  ])('%i asked for, with %j bytes, on %j: %i', (asked, bytes, machine, threads, reason) => {
    const workers = workersFor(asked, bytes, machine)
    expect(workers.threads).toBe(threads)
    if (reason === undefined) expect(workers.reason).toBeUndefined()
    else expect(workers.reason).toMatch(reason)
  })

  test('are at least one, and never more than asked for', () => {
    const [count, bytes] = [fc.integer({ min: 1, max: 500 }), fc.nat(2 ** 31 - 1)]
    fc.assert(
      fc.property(count, bytes, bytes, count, bytes, (asked, weights, tensors, cores, memory) => {
        const { threads } = workersFor(asked, { weights, tensors }, { cores, memory })
        expect(threads).toBeGreaterThanOrEqual(1)
        expect(threads).toBeLessThanOrEqual(Math.min(asked, cores))
      }),
    )
  })
})

test('a worker measures all five modes of a small model at once, and a large model by itself', () => {
  expect(modelsAtOnce(5e6, 4 * 64 * 111 * 111)).toBeGreaterThanOrEqual(5)
  expect(modelsAtOnce(30e6, 3e5)).toBe(1)
  expect(modelsAtOnce(100e6, 3e6)).toBe(1)
  expect(modelsAtOnce(2e9, 1e8)).toBe(1)
})
