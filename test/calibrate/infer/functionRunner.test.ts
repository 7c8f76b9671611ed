// A run of an infer function, in process: the pool is a stand-in that doubles what it is fed, and counts it where it is observed.

import { describe, expect, test } from 'vitest'
import { FunctionRunner, type FunctionRunnerOptions } from '../../../src/calibrate/infer/functionRunner.js'
import { openFunction } from '../../../src/calibrate/infer/openFunction.js'
import type { OpenOptions } from '../../../src/calibrate/openOptions.js'
import type { ObservedModel } from '../../../src/calibrate/runner.js'
import type { Executor, InferFunction, TensorLike } from '../../../src/dataset/types.js'
import { emptyDifference } from '../../../src/difference/difference.js'
import type { Comparison } from '../../../src/engine/comparison.js'
import type { Pool } from '../../../src/engine/pool.js'
import type { CompareForwardTask, ForwardTask } from '../../../src/engine/protocol.js'
import { SquireError } from '../../../src/errors.js'
import { histogramsOf, writeBuffer } from '../../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../../src/histogram/histogram.js'
import { DataType, type TensorValue } from '../../../src/onnx/types.js'
import { silentReporter } from '../../../src/report/types.js'
import { expectSame } from '../../histogram/same.js'

const inputs = [{ name: 'x', dataType: DataType.FLOAT, dims: ['n', 2] }]
const file = (path: string) => ({ path, serial: 0, inputs, outputs: ['y'] })
const observation = {
  tensors: ['t'],
  dims: [[1, 2]],
  blocked: {},
  masked: [],
  inputDims: { x: [1, 2] },
  stacked: 1,
  stackAxes: {},
  outputs: {},
}
const model: ObservedModel = { observed: file('observed'), plain: file('plain'), observation, key: '', log: [] }
const rowOf = (i: number): TensorLike => ({ data: Float32Array.of(i, -i), dims: [1, 2] })
const histogramOf = (count: number) =>
  Array.from({ length: count }, (_, i) => [i, -i]).reduce(
    (sum, row) => observe(sum, Float32Array.from(row)),
    emptyHistogram(),
  )

/** Forwards `iteration` rows and returns how many came back. */
const forwardAll: InferFunction = async (executor) => {
  for (let i = 0; i < executor.iteration; i++) await executor.forward(rowOf(i))
  return executor.iteration
}

function runnerOf(
  infer: InferFunction,
  options: Partial<FunctionRunnerOptions> = {},
  fail?: (task: ForwardTask) => void,
) {
  const tasks: ForwardTask[] = []
  const doubled = ({ x }: Readonly<Record<string, TensorValue>>) => {
    const data = Float32Array.from(x!.data as Float32Array, (value) => 2 * value)
    return [{ name: 'y', value: { ...x!, data } }]
  }
  const forward = async (task: ForwardTask) => {
    tasks.push(task)
    fail?.(task)
    const values = task.feeds.x!.data as Float32Array
    if (task.observation !== undefined)
      writeBuffer(task.observation.buffer, ['t'], () => observe(emptyHistogram(), values))
    return { kind: 'done', outputs: doubled(task.feeds) }
  }
  const compareForward = async ({ feeds }: CompareForwardTask) => ({
    kind: 'done',
    outputs: doubled(feeds),
    differences: [{ accumulated: { ...emptyDifference(undefined), count: 1 }, own: undefined }],
  })
  const runner = new FunctionRunner({
    pool: { threads: 2, forward, compareForward } as unknown as Pool,
    infer,
    name: 'mine',
    datasetAdvice: '',
    digest: 'digest',
    executor: { batchSize: 1, dataset: undefined, saveDir: '', inputs, outputs: ['y'], outputNodes: {} },
    iterations: [3],
    evalIteration: undefined,
    samplesPerForward: 1,
    reporter: silentReporter,
    signal: new AbortController().signal,
    ...options,
  })
  return { runner, tasks }
}

/** The functions that were called, by what they were asked for. */
function recording(infer: InferFunction) {
  const calls: number[] = []
  const recorded: InferFunction = (executor) => {
    calls.push(executor.iteration)
    return infer(executor)
  }
  return { calls, recorded }
}

describe('observing an infer function', () => {
  test('counts every forward pass of every -i value; the call that gave the first inputs goes on', async () => {
    const { calls, recorded } = recording(forwardAll)
    const { runner, tasks } = runnerOf(recorded, { iterations: [3, 7] })
    expect((await runner.firstFeeds()).x!.dims).toEqual([1, 2])
    expect(tasks).toEqual([])
    const observed = await runner.observe(model)
    expect(observed.map(({ samples, floatMetric }) => [samples, floatMetric])).toEqual([
      [3, 3],
      [7, 7],
    ])
    for (const { samples, statistics } of observed) expectSame(histogramsOf(statistics).get('t')!, histogramOf(samples))
    // Which of the seven passes belong to the first three samples, nobody says.
    expect(calls).toEqual([7, 3])
  })

  test('needs one call for all -i values where executor.map says which items came first', async () => {
    const { calls, recorded } = recording(async (executor) => {
      const rows = Array.from({ length: executor.iteration }, (_, i) => i)
      return (await executor.map(rows, rowOf, () => 1)).length
    })
    const { runner } = runnerOf(recorded, { iterations: [3, 7], evalIteration: 7 })
    const observed = await runner.observe(model)
    for (const { iteration, samples, statistics } of observed) {
      expect(samples).toBe(iteration)
      expectSame(histogramsOf(statistics).get('t')!, histogramOf(samples))
    }
    expect(calls).toEqual([7])
  })

  test('measures the float model anew where another number of passes is asked for', async () => {
    const { calls, recorded } = recording(forwardAll)
    const { runner, tasks } = runnerOf(recorded, { evalIteration: 5 })
    const [observed] = await runner.observe(model)
    expect([observed!.samples, observed!.floatMetric]).toEqual([3, 5])
    expect(calls).toEqual([3, 5])
    expect(tasks.map((task) => task.model.path)).toEqual([...Array(3).fill('observed'), ...Array(5).fill('plain')])
  })

  test('cuts a batch into forward passes of one sample, and joins what they give in order', async () => {
    const seen: Float32Array[] = []
    const { runner, tasks } = runnerOf(async (executor) => {
      const [y] = await executor.forward({ data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] })
      seen.push(y!.data as Float32Array)
    })
    const [observed] = await runner.observe(model)
    expect(observed!.samples).toBe(3)
    expect(observed!.floatMetric).toBeUndefined()
    expect(tasks.map(({ name }) => name)).toEqual([1, 2, 3].map((part) => `forward 1, part ${part} of the batch`))
    expect(seen).toEqual([Float32Array.of(2, 4, 6, 8, 10, 12)])
    expect((await runner.lastFeeds()).x!.data).toEqual(Float32Array.of(5, 6))
  })

  test('fails with a forward pass that failed, though the function did not wait for it', async () => {
    const fail = (task: ForwardTask) => {
      if (task.name === 'forward 2') throw new SquireError('DATA', 'forward 2 failed')
    }
    const careless: InferFunction = async (executor) => {
      for (let i = 0; i < 3; i++) executor.forward(rowOf(i)).catch(() => {})
      return 1
    }
    await expect(runnerOf(careless, {}, fail).runner.observe(model)).rejects.toThrow('forward 2 failed')
  })

  test.each<[string, InferFunction, RegExp]>([
    [
      'throws',
      async () => {
        throw new TypeError('mine')
      },
      /infer function "mine" threw: mine/,
    ],
    ['forwards nothing', async () => 1, /returned without calling executor\.forward/],
    [
      'returns a text',
      async (executor) => {
        await executor.forward(rowOf(1))
        return 'good' as never
      },
      /returned a value of type string/,
    ],
    [
      'returns NaN',
      async (executor) => {
        await executor.forward(rowOf(1))
        return Number.NaN
      },
      /returned NaN/,
    ],
  ])('tells what the function does wrong where it %s', async (_, infer, message) => {
    await expect(runnerOf(infer).runner.observe(model)).rejects.toMatchObject({
      code: 'USER_SCRIPT',
      message: expect.stringMatching(message),
    })
  })
})

test.each([
  ['mine.mjs', {}, /defineDataset/],
  ['mine.py', {}, /check what it reads \(-d\)\.$/],
  [undefined, { infer: async () => 1 }, /give that as the option "dataset" instead of "infer"/],
  [undefined, {}, /check what it reads \(-d\)\.$/],
])(
  'a function of %j that runs no forward is told of datasets where it could have meant one',
  async (userScript, values, message) => {
    const config = { iterations: [3], selection: {}, image: {}, batchSize: 1, saveDir: '', userScript }
    const proto = { graph: { input: [], output: [], node: [], initializer: [] } }
    const given = { config, model: { proto }, values, pool: { threads: 1 }, reporter: silentReporter }
    const options = { ...given, signal: new AbortController().signal } as unknown as OpenOptions
    await expect(openFunction(async () => 1, 'mine', '', options).firstFeeds()).rejects.toThrow(message)
  },
)

test('a function whose statistics are known already is unwound, and called again for the next model', async () => {
  const { calls, recorded } = recording(forwardAll)
  const left: string[] = []
  const { runner, tasks } = runnerOf(async (executor) => {
    try {
      return await recorded(executor)
    } finally {
      left.push(String(executor.earlyStopFlag))
    }
  })
  await runner.firstFeeds()
  await runner.skipObservation()
  expect(left).toEqual(['true'])
  expect(tasks).toEqual([])
  expect(await runner.measure([{ name: 'mse', file: file('integer') }], 3)).toEqual([3])
  expect(calls).toEqual([3, 3])
})

test('samples that are held before anything is observed cost one call more, and are known from then on', async () => {
  const { calls, recorded } = recording(forwardAll)
  const { runner, tasks } = runnerOf(recorded)
  await runner.firstFeeds()
  const held = await runner.hold(3, file('plain'))
  expect(held.map(({ feeds }) => (feeds.x!.data as Float32Array)[0]).sort()).toEqual([0, 1, 2])
  expect(tasks.map(({ model: { path } }) => path)).toEqual(['plain', 'plain', 'plain'])
  expect(calls).toEqual([3])
  const [observed] = await runner.observe(model)
  expectSame(histogramsOf(observed!.statistics).get('t')!, histogramOf(3))
  expect(await runner.hold(3, file('plain'))).toEqual(held)
  expect(calls).toEqual([3, 3])
})

test('the integer model, which is static, is not run on inputs of another size', async () => {
  const infer = async (executor: Executor) => void (await executor.forward(rowOf(1)))
  const still = { ...file('integer'), inputs: [{ ...inputs[0]!, dims: [1, 3] }] }
  await expect(runnerOf(infer).runner.measure([{ name: 'mse', file: still }], 3)).rejects.toThrow(
    'forward 1: input "x" has dims [1, 2], expected [1, 3]: the quantized model is static',
  )
})

test('a function that catches every error and tries again lets go of the thread when it is stopped', async () => {
  const stubborn: InferFunction = async (executor) => {
    for (let tries = 0; tries < 1e5; tries++) {
      try {
        await executor.forward(rowOf(1))
      } catch {
        tries += 100
      }
    }
    return 1
  }
  const { runner } = runnerOf(stubborn)
  await runner.firstFeeds()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await runner.skipObservation()
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})

test('an interrupted run says how far the function came', async () => {
  const abort = new AbortController()
  const { runner } = runnerOf(forwardAll, { signal: abort.signal, iterations: [100] }, (task) => {
    if (task.name === 'forward 5') abort.abort()
  })
  await expect(runner.observe(model)).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: expect.stringMatching(/^interrupted after \d+ forward passes$/),
  })
})

test('a comparison adds up all forward passes, and at most as many as are wanted', async () => {
  const { calls, recorded } = recording(forwardAll)
  const { runner } = runnerOf(recorded)
  const compared = await runner.compare([{} as Comparison], { iteration: 3, of: 'evaluation', most: 2 }, 'comparing')
  expect(compared.samples).toBe(2)
  expect(compared.differences[0]!.accumulated.count).toBe(2)
  expect(calls).toEqual([2])
})

test('what decides a quantization is compared on forward passes that it is calibrated on, whatever --eval-iteration says', async () => {
  const { calls, recorded } = recording(forwardAll)
  const { runner } = runnerOf(recorded, { evalIteration: 1 })
  for (const of of ['calibration', 'evaluation'] as const) {
    await runner.compare([{} as Comparison], { iteration: 3, of, most: 16 }, 'comparing')
  }
  expect(calls).toEqual([3, 1])
})

test('the workload counts every call of the function', async () => {
  const { runner } = runnerOf(forwardAll, { iterations: [10, 20], evalIteration: 20 })
  // The call for 20 calibrates both and measures the float model; 2 quantizations of each are measured on 20; one is compared on 16.
  expect(await runner.workload(2, 16, 0)).toBe(20 + 2 * (2 * 20) + 16)
  // Inputs are held while they calibrate, and every quantization passes over them three times.
  expect(await runner.workload(2, 16, 3)).toBe(20 + 2 * (2 * 20) + 16 + 2 * 3 * (10 + 20))
})

test('closing drops a call that is held, and ends what the function runs in', async () => {
  const ended: SquireError[] = []
  const { runner } = runnerOf(forwardAll, { end: async (reason) => void ended.push(reason) })
  await runner.firstFeeds()
  await runner.close()
  expect(ended.map(({ code }) => code)).toEqual(['INTERRUPTED'])
})
