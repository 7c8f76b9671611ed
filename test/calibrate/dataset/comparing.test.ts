import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareSamples } from '../../../src/calibrate/dataset/comparing.js'
import type { Comparison } from '../../../src/engine/comparison.js'
import type { Pool } from '../../../src/engine/pool.js'
import type { CompareSamplesTask, ModelFile } from '../../../src/engine/protocol.js'

interface World {
  readonly threads: number
  readonly count: number
  readonly batch?: number
  readonly comparisons?: number
  readonly excluded?: readonly number[]
}

/** The tasks that workers get. A reference's path is the number of its comparison. */
async function tasksOf({ threads, count, batch = 1, comparisons = 1, excluded = [] }: World) {
  const tasks: CompareSamplesTask[] = []
  const compare = async (task: CompareSamplesTask) => {
    tasks.push(task)
    return { kind: 'done', compared: task.samples.length, differences: [] }
  }
  const progress: number[] = []
  await compareSamples({
    pool: { threads, compareSamples: compare } as unknown as Pool,
    comparisons: Array.from({ length: comparisons }, (_, i) => {
      const reference = { path: String(i) } as ModelFile
      return { reference, candidate: reference, own: [], tensors: [] } satisfies Comparison
    }),
    source: { kind: 'path', path: 'samples' } as CompareSamplesTask['source'],
    samples: { length: count, at: (index) => ({ index, id: `s${index}` }) },
    count,
    samplesPerForward: batch,
    excluded: new Set(excluded),
    onBadSample: 'skip',
    stop: { buffer: new SharedArrayBuffer(4), signal: new AbortController().signal },
    onProgress: (done) => progress.push(done),
  })
  return { tasks, progress }
}

/** Which samples share a forward pass, for each comparison. */
async function forwardPasses(world: World): Promise<string[]> {
  const { tasks } = await tasksOf(world)
  const passes = tasks.flatMap(({ comparisons, samples, samplesPerForward: batch }) =>
    comparisons.flatMap(({ reference }) =>
      Array.from({ length: Math.ceil(samples.length / batch) }, (_, i) => {
        const indices = samples.slice(i * batch, (i + 1) * batch).map(({ index }) => index)
        return `${reference.path}: ${indices}`
      }),
    ),
  )
  return passes.sort()
}

it('runs the same forward passes whatever the number of workers, also where samples are bad', async () => {
  const world = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    batch: fc.integer({ min: 1, max: 5 }),
    comparisons: fc.integer({ min: 1, max: 4 }),
    excluded: fc.array(fc.nat(39), { maxLength: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(world, fc.integer({ min: 2, max: 20 }), async (one, threads) => {
      expect(await forwardPasses({ ...one, threads })).toEqual(await forwardPasses({ ...one, threads: 1 }))
    }),
  )
})

it('gives every worker a piece where there are as many samples', async () => {
  const piecesOf = async (world: World) => (await tasksOf(world)).tasks.map(({ samples }) => samples.length)
  expect(await piecesOf({ threads: 16, count: 16 })).toEqual(Array(16).fill(1))
  expect(await piecesOf({ threads: 2, count: 16 })).toEqual(Array(4).fill(4))
  expect(await piecesOf({ threads: 16, count: 16, comparisons: 4 })).toEqual(Array(16).fill(4))
})

it('counts bad samples as done', async () => {
  const { progress } = await tasksOf({ threads: 2, count: 6, excluded: [1, 2] })
  expect(progress.at(-1)).toBe(6)
})
