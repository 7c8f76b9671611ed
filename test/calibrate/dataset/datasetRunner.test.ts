// A run over a dataset, in process: the pool is a stand-in that answers as workers do, in any order, and keeps count of what it was asked.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DatasetRunnerOptions, FoldStore } from '../../../src/calibrate/dataset/datasetRun.js'
import { DatasetRunner } from '../../../src/calibrate/dataset/datasetRunner.js'
import type { ComparedSamples, ObservedModel } from '../../../src/calibrate/runner.js'
import { addContents, NO_CONTENT, sampleContent } from '../../../src/dataset/identity.js'
import type { OpenedDataset } from '../../../src/dataset/opened.js'
import type { Metric } from '../../../src/dataset/types.js'
import type { Comparison } from '../../../src/engine/comparison.js'
import type { FoldState } from '../../../src/engine/fold/foldState.js'
import type { Pool } from '../../../src/engine/pool.js'
import type { CompareSamplesTask, LoadTask, SamplesDone, SamplesTask, Stopped } from '../../../src/engine/protocol.js'
import { SquireError } from '../../../src/errors.js'
import { histogramsOf, writeBuffer } from '../../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../../src/histogram/histogram.js'
import { DataType } from '../../../src/onnx/types.js'
import { mergeParts, type NamedPart } from '../../../src/parts/merge.js'
import type { Part } from '../../../src/parts/part.js'
import { silentReporter } from '../../../src/report/types.js'
import { expectSame } from '../../histogram/same.js'

const file = (path: string) => ({ path, serial: 0, inputs: [], outputs: [] })
const observation = {
  tensors: ['t'],
  dims: [[1]],
  blocked: {},
  masked: [],
  inputDims: { x: [1, 2] },
  stacked: 1,
  stackAxes: {},
  outputs: {},
}
const model: ObservedModel = {
  observed: file('observed'),
  plain: file('plain'),
  observation,
  key: 'the model',
  log: [],
}
const source = { kind: 'user', script: '', exportName: '', data: undefined, batchSize: 1 } as const
const valuesOf = (index: number) => Float32Array.of(index, -index / 3)
const histogramOf = (indices: Iterable<number>) =>
  [...indices].reduce((sum, index) => observe(sum, valuesOf(index)), emptyHistogram())
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** A sum of floats, which shows in which order it was made. */
const sums: Metric<{ sum: number }> = {
  name: 'sum',
  initial: () => ({ sum: 0 }),
  update: (state) => state,
  merge: (a, b) => ({ sum: (a.sum + b.sum) * 1.0000001 }),
  value: ({ sum }) => sum,
}

interface World {
  readonly size?: number
  readonly bad?: readonly number[]
  /** Bad for the integer model alone. */
  readonly badLater?: readonly number[]
  readonly dims?: readonly (number | string)[]
  readonly metric?: Metric
  readonly before?: (task: SamplesTask) => Promise<void>
  readonly options?: Partial<DatasetRunnerOptions>
}

function runnerIn({ size = 40, bad = [], badLater = [], dims = ['n', 2], metric = sums as Metric, ...more }: World) {
  const tasks: SamplesTask[] = []
  const compared: number[] = []
  const warnings: string[] = []
  const samples = async (task: SamplesTask): Promise<SamplesDone | Stopped> => {
    await more.before?.(task)
    if (new Int32Array(task.stop)[0] !== 0) return { kind: 'stopped' }
    tasks.push(task)
    const isBad = (index: number) => bad.includes(index) || (task.observation === undefined && badLater.includes(index))
    const good = task.samples.map(({ index }) => index).filter((index) => !isBad(index))
    if (good.length < task.samples.length && task.onBadSample === 'error') throw new SquireError('DATA', 'a bad sample')
    if (task.observation !== undefined) writeBuffer(task.observation.buffer, ['t'], () => histogramOf(good))
    const skipped = task.samples.filter(({ index }) => isBad(index)).map((sample) => ({ ...sample, reason: 'bad' }))
    const state = task.measure ? { sum: good.reduce((sum, index) => sum + 1 / (index + 1), 0) } : undefined
    return { kind: 'done', states: [state], skipped, observed: task.observation === undefined ? 0 : good.length }
  }
  const load = async ({ sample }: LoadTask) => {
    if (bad.includes(sample.index)) throw new SquireError('DATA', `sample ${sample.id} is bad`)
    return { kind: 'done', feeds: { x: { type: 'float32', dims: [1, 2], data: valuesOf(sample.index) } } }
  }
  const compareSamples = async (task: CompareSamplesTask) => {
    compared.push(...task.samples.map(({ index }) => index))
    return { kind: 'done', compared: task.samples.length, differences: [] }
  }
  const dataset: Partial<OpenedDataset> = {
    size,
    metric,
    id: (index) => `s${index}`,
    contents: async (indices) =>
      [...indices].reduce((sum, i) => addContents(sum, sampleContent(`s${i}`, '')), NO_CONTENT),
    close: async () => {},
  }
  const runner = new DatasetRunner({
    pool: { threads: 3, samples, load, compareSamples } as unknown as Pool,
    source,
    dataset: dataset as OpenedDataset,
    inputs: [{ name: 'x', dataType: DataType.FLOAT, dims }],
    selected: Uint32Array.from(upTo(size)),
    listing: 'listed',
    calibrated: [{ iteration: size, samples: size }],
    evaluated: undefined,
    onBadSample: 'skip',
    store: undefined,
    reporter: { ...silentReporter, warn: (line) => warnings.push(line) },
    stop: { buffer: new SharedArrayBuffer(4), signal: new AbortController().signal },
    ...more.options,
  })
  return { runner, tasks, compared, warnings }
}

describe('observing a dataset', () => {
  const calibrated = [5, 16, 40].map((samples) => ({ iteration: samples, samples }))

  test('gives the statistics and metric of the first samples for every -i value, whatever the order of the answers', async () => {
    const alone = await runnerIn({ options: { calibrated } }).runner.observe(model)
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { runner } = runnerIn({ options: { calibrated }, before: () => scheduler.schedule(Promise.resolve()) })
        const observed = await scheduler.waitFor(runner.observe(model))
        expect(observed.map(({ iteration, samples }) => [iteration, samples])).toEqual([
          [5, 5],
          [16, 16],
          [40, 40],
        ])
        for (const { samples, statistics } of observed)
          expectSame(histogramsOf(statistics).get('t')!, histogramOf(upTo(samples)))
        // Sums of floats: the same bits.
        expect(observed.map(({ floatMetric }) => floatMetric)).toEqual(alone.map(({ floatMetric }) => floatMetric))
      }),
      { numRuns: 20 },
    )
  })

  test('measures on as many samples as were calibrated on, or as --eval-iteration says', async () => {
    const count: Metric<{ sum: number }> = { ...sums, merge: (a, b) => ({ sum: a.sum + b.sum }) }
    const harmonic = (n: number) => upTo(n).reduce((sum, i) => sum + 1 / (i + 1), 0)
    const measured = async (evaluated?: number) =>
      (await runnerIn({ metric: count as Metric, options: { calibrated, evaluated } }).runner.observe(model)).map(
        ({ floatMetric }) => floatMetric!,
      )
    for (const [i, samples] of [5, 16, 40].entries()) expect((await measured())[i]).toBeCloseTo(harmonic(samples), 10)
    for (const value of await measured(30)) expect(value).toBeCloseTo(harmonic(30), 10)
  })

  test('in shares that are merged gives what one machine gives', async () => {
    const whole = await runnerIn({ options: { calibrated } }).runner.observe(model)
    for (const of of [1, 2, 3, 7]) {
      const parts = await Promise.all(
        upTo(of).map(async (i): Promise<NamedPart> => {
          const { runner } = runnerIn({ options: { calibrated } })
          const part = await runner.shares.observeShare(
            model,
            await runner.shares.planShare(model, { part: i + 1, of }),
          )
          return { name: `part ${i}`, part: { kind: 'calibration', machines: [], ...part } satisfies Part }
        }),
      )
      const merged = parts.reverse().reduce((a, b) => ({ name: 'all', part: mergeParts(a, b, { allowMixed: false }) }))
      const { runner } = runnerIn({ options: { calibrated } })
      const restored = runner.shares.restore(await runner.shares.calibration(), merged.part)
      expect(restored.map(({ floatMetric }) => floatMetric)).toEqual(whole.map(({ floatMetric }) => floatMetric))
      restored.forEach(({ statistics }, i) => {
        expectSame(histogramsOf(statistics).get('t')!, histogramsOf(whole[i]!.statistics).get('t')!)
      })
      expect(await runner.digest()).toBe(await runnerIn({}).runner.digest())
    }
  })

  test('takes whole batches where the model fixes its batch, and says so', async () => {
    const { runner, tasks, warnings } = runnerIn({ size: 10, dims: [4, 2] })
    expect((await runner.firstFeeds()).x!.dims).toEqual([4, 2])
    const [observed] = await runner.observe(model)
    expect(observed!.samples).toBe(8)
    expect(tasks.every(({ samplesPerForward }) => samplesPerForward === 4)).toBe(true)
    expect(warnings).toEqual(['calibrating on 8 of 10 samples: the model takes 4 at a time'])
    await expect(runnerIn({ size: 3, dims: [4, 2] }).runner.observe(model)).rejects.toThrow(
      'there are only 3 to calibrate on',
    )
  })

  test('refuses a metric whose value is no number', async () => {
    const metric = { ...sums, value: () => Number.NaN } as Metric
    await expect(runnerIn({ metric }).runner.observe(model)).rejects.toMatchObject({
      code: 'USER_SCRIPT',
      message: expect.stringContaining('metric "sum" has the value NaN'),
    })
  })
})

describe('bad samples', () => {
  test('are skipped, listed in order, and not asked of the integer model', async () => {
    const { runner, tasks } = runnerIn({ bad: [0, 17, 39], badLater: [20] })
    expect((await runner.firstFeeds()).x!.data).toEqual(valuesOf(1))
    const [observed] = await runner.observe(model)
    expect(observed!.samples).toBe(37)
    expectSame(
      histogramsOf(observed!.statistics).get('t')!,
      histogramOf(upTo(40).filter((i) => ![0, 17, 39].includes(i))),
    )
    tasks.length = 0
    await runner.measure([{ name: 'mse', file: file('integer') }], 40)
    const asked = tasks.flatMap(({ samples }) => samples.map(({ index }) => index)).sort((a, b) => a - b)
    expect(asked).toEqual(upTo(40).filter((i) => ![0, 17, 39].includes(i)))
    expect(runner.skipped.map(({ index }) => index)).toEqual([0, 17, 20, 39])
    expect((await runner.lastFeeds()).x!.data).toEqual(valuesOf(38))
  })

  test('end the run where that is asked for, and where all are bad', async () => {
    await expect(runnerIn({ bad: [7], options: { onBadSample: 'error' } }).runner.observe(model)).rejects.toThrow(
      'a bad sample',
    )
    await expect(runnerIn({ size: 3, bad: [0, 1, 2] }).runner.firstFeeds()).rejects.toThrow('sample s2 is bad')
    const { runner } = runnerIn({ size: 2, badLater: [0, 1] })
    await expect(runner.measure([{ name: 'mse', file: file('integer') }], 2)).rejects.toThrow(
      'all 2 samples were bad; the first: bad',
    )
    const calibrated = [3, 40].map((samples) => ({ iteration: samples, samples }))
    await expect(runnerIn({ bad: [0, 1, 2], options: { calibrated } }).runner.observe(model)).rejects.toThrow(
      'none of the first 3 samples could be calibrated on, since some were bad; the first: bad. Remove',
    )
  })

  test('leave whole batches of the others to compare', async () => {
    const { runner, compared } = runnerIn({ size: 12, dims: [4, 2], bad: [3, 8] })
    await runner.observe(model)
    await runner.compare([{} as Comparison], { iteration: 12, of: 'calibration', most: 4 }, 'comparing')
    expect(compared).toEqual([0, 2, 6, 9])
  })
})

describe('a store', () => {
  const storeOf = (saved?: FoldState): FoldStore & { flushed: FoldState[] } => {
    const flushed: FoldState[] = []
    return {
      flushed,
      load: async () => saved,
      saved: async () => {},
      flush: async (_, state) => void flushed.push(state),
    }
  }

  test('gets the finished state, from which another run needs no forward pass', async () => {
    const store = storeOf()
    const [first] = await runnerIn({ options: { store } }).runner.observe(model)
    const { runner, tasks } = runnerIn({ options: { store: storeOf(store.flushed[0]) } })
    const [again] = await runner.observe(model)
    expect(tasks).toEqual([])
    expect(again!.floatMetric).toBe(first!.floatMetric)
    expectSame(histogramsOf(again!.statistics).get('t')!, histogramOf(upTo(40)))
  })

  test('gets what is done when the run is interrupted, and another run does the rest', async () => {
    const [store, abort] = [storeOf(), new AbortController()]
    const stop = { buffer: new SharedArrayBuffer(4), signal: abort.signal }
    let answers = 0
    const before = async () => {
      if (++answers < 9) return
      abort.abort()
      new Int32Array(stop.buffer)[0] = 1
    }
    await expect(runnerIn({ before, options: { store, stop } }).runner.observe(model)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    const { runner, tasks } = runnerIn({ options: { store: storeOf(store.flushed[0]) } })
    const [observed] = await runner.observe(model)
    expect(tasks.length).toBeGreaterThan(0)
    expect(tasks.flatMap(({ samples }) => samples).length).toBeLessThan(40)
    expectSame(histogramsOf(observed!.statistics).get('t')!, histogramOf(upTo(40)))
    expect(observed!.floatMetric).toBe((await runnerIn({}).runner.observe(model))[0]!.floatMetric)
  })
})

test('what decides a quantization is compared on samples that it is calibrated on, whatever --eval-iteration says', async () => {
  const comparedOn = async (of: ComparedSamples['of'], evaluated: number) => {
    const options = { calibrated: [{ iteration: 20, samples: 20 }], evaluated }
    const { runner, compared } = runnerIn({ options })
    await runner.compare([{} as Comparison], { iteration: 20, of, most: 4 }, 'comparing')
    return compared
  }
  for (const evaluated of [1, 20, 40]) expect(await comparedOn('calibration', evaluated)).toEqual([0, 5, 10, 15])
  expect(await comparedOn('evaluation', 40)).toEqual([0, 10, 20, 30])
  expect(await comparedOn('evaluation', 1)).toEqual([0])
})

test('the workload counts every pass over the samples', async () => {
  const calibrated = [10, 20].map((samples) => ({ iteration: samples, samples }))
  // 40 are observed and measured; each of 3 quantizations of two -i values is measured on 40; one is compared on 16.
  const { runner } = runnerIn({ options: { calibrated, evaluated: 40 } })
  expect(await runner.workload(3, 16, 0)).toBe(40 + 3 * (40 + 40) + 16)
  expect(await runner.workload(3, 16, 2)).toBe(40 + 3 * (40 + 40) + 16 + 3 * 2 * (10 + 20))
})
