// The engine's half of calibration, with a pool that answers by itself: what it holds must not depend on the order of the answers.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Metric } from '../../../src/dataset/types.js'
import { chunksOf, segmentsOf } from '../../../src/engine/fold/chunks.js'
import { type FoldRequest, fold } from '../../../src/engine/fold/fold.js'
import { emptyFold, stateUpTo, statisticsUpTo } from '../../../src/engine/fold/foldState.js'
import type { Pool } from '../../../src/engine/pool.js'
import type { SamplesDone, SamplesTask, Stopped } from '../../../src/engine/protocol.js'
import { SquireError } from '../../../src/errors.js'
import { histogramsOf, writeBuffer } from '../../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../../src/histogram/histogram.js'
import { expectSame } from '../../histogram/same.js'

const tensors = ['a', 'b']
const model = { path: 'model.onnx', serial: 0, inputs: [], outputs: [] }
const valuesOf = (index: number) => Float32Array.of(index, -index / 3, 0)

/** Lists the samples it has seen. `merge` changes its first argument and keeps the arrays of its second, as users' code does. */
const lists: Metric<{ seen: number[][] }> = {
  name: 'list',
  initial: () => ({ seen: [] }),
  update: (state) => state,
  merge: (earlier, later) => {
    earlier.seen.push(...later.seen)
    return earlier
  },
  value: ({ seen }) => seen.flat().length,
}

/** Answers a task as a worker does; `before` may wait or throw. */
function poolOf(before: (task: SamplesTask) => Promise<void>, threads = 3): Pool {
  const samples = async (task: SamplesTask): Promise<SamplesDone | Stopped> => {
    await before(task)
    if (new Int32Array(task.stop)[0] !== 0) return { kind: 'stopped' }
    const seen = task.samples.map(({ index }) => index)
    if (task.observation !== undefined) {
      const histogram = seen.reduce((sum, index) => observe(sum, valuesOf(index)), emptyHistogram())
      writeBuffer(task.observation.buffer, tensors, () => histogram)
    }
    const observed = task.observation === undefined ? 0 : seen.length
    const statesOf = (number: number) =>
      task.measure ? { seen: [seen.map((index) => index + 1000 * number)] } : undefined
    const states = task.models.map((_, number) => statesOf(number))
    return { kind: 'done', states, skipped: [], observed }
  }
  return { threads, samples } as unknown as Pool
}

function request(pool: Pool, observed: number[], measured: number[], more: Partial<FoldRequest> = {}) {
  const segments = segmentsOf(observed, measured)
  const length = Math.max(...observed, ...measured)
  const full: FoldRequest = {
    pool,
    observedModel: model,
    plainModels: [model],
    observation: {
      tensors,
      dims: [[1], [1]],
      blocked: {},
      masked: [],
      inputDims: {},
      stacked: 1,
      stackAxes: {},
      outputs: {},
    },
    source: { kind: 'user', script: '', exportName: '', data: undefined, batchSize: 1 },
    samples: { length, at: (position) => ({ index: position, id: String(position) }) },
    samplesPerForward: 1,
    segments,
    chunks: chunksOf(segments, 1, 3),
    metric: lists as Metric,
    keepStates: false,
    measuredDims: undefined,
    excluded: new Set(),
    onBadSample: 'error',
    stop: { buffer: new SharedArrayBuffer(4), signal: new AbortController().signal },
    onProgress: () => {},
    ...more,
  }
  return { full, segments, state: emptyFold(segments, tensors) }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const nothing = async () => {}

describe('a fold', () => {
  test('holds every sample once, whatever the order of the answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        async (s, n, m) => {
          const { full, segments, state } = request(
            poolOf(() => s.schedule(Promise.resolve())),
            [n],
            [m],
          )
          const running = fold(full, state)
          await s.waitFor(running)
          const histogram = numbers(n).reduce((sum, index) => observe(sum, valuesOf(index)), emptyHistogram())
          expectSame(histogramsOf(statisticsUpTo(state, segments, n)).get('b')!, histogram)
          const { seen } = stateUpTo(state, segments, m, full.metric!) as { seen: number[][] }
          expect(seen.flat()).toEqual(numbers(m))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('counts each sample once for every count asked, though merge changes its first argument', async () => {
    const { full, segments, state } = request(poolOf(nothing), [10, 20, 32], [10, 20, 32])
    await fold(full, state)
    for (const count of [10, 20, 32, 10, 32]) {
      expect(full.metric!.value(stateUpTo(state, segments, count, full.metric!))).toBe(count)
    }
  })

  test('measures several models over the same samples, each for itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 40 }), async (s, n) => {
        const [one] = segmentsOf([], [n])
        const pool = poolOf(() => s.schedule(Promise.resolve()))
        const { full, state } = request(pool, [], [n], { plainModels: [model, model, model] })
        const segments = [one!, one!, one!]
        const three = { ...state, segments: emptyFold(segments, []).segments }
        await s.waitFor(fold({ ...full, segments }, three))
        for (const number of [0, 1, 2]) {
          const own = { ...three, segments: [three.segments[number]!] }
          const { seen } = stateUpTo(own, [one!], n, full.metric!) as { seen: number[][] }
          expect(seen.flat()).toEqual(numbers(n).map((index) => index + 1000 * number))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('names the first chunk that fails, whichever ends first', async () => {
    const failing = poolOf(async ({ samples }) => {
      const first = samples[0]!.index
      // The later failure comes first.
      await new Promise((resolve) => setTimeout(resolve, 20 - first))
      if (first === 0 || first === 3) throw new SquireError('DATA', `chunk of ${first}`)
    })
    const { full, state } = request(failing, [12], [12])
    await expect(fold(full, state)).rejects.toThrow('chunk of 0')
  })

  test('goes on from a state that was saved in the middle', async () => {
    const stop = new AbortController()
    const buffer = new SharedArrayBuffer(4)
    let answers = 0
    const stopping = poolOf(async () => {
      if (++answers === 4) {
        stop.abort()
        new Int32Array(buffer)[0] = 1
      }
    })
    const { full, segments, state } = request(stopping, [30], [30], { stop: { buffer, signal: stop.signal } })
    await expect(fold(full, state)).rejects.toThrow(/^interrupted after \d+ of 30 samples$/)
    const again = request(poolOf(nothing), [30], [30])
    await fold(again.full, state)
    expect((stateUpTo(state, segments, 30, full.metric!) as { seen: number[][] }).seen.flat()).toEqual(numbers(30))
    expect(histogramsOf(statisticsUpTo(state, segments, 30)).get('a')!.count).toBe(90)
  })
})
