// Several values of -i: one call of the infer function serves all, where its forward passes have an order.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Dataset, type Executor, type InferFunction, infer, quantize } from '../../../src/index.js'
import { temporaryFolder } from '../../e2e/squire.js'
import { tiny, write } from '../../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const dynamic = write(tiny({ inputs: { x: ['n', 4] } }), folder, 'dynamic.onnx')
const sample = (i: number) => ({ data: [i, 1, 3, i % 3], dims: [1, 4] })
const items = Array.from({ length: 20 }, (_, i) => i)

/** Loads take longer the earlier the item, so that later items are ready first. */
const late = async (i: number) => {
  await new Promise((resolve) => setTimeout(resolve, (7 - i) * 5))
  return sample(i)
}
const mapping = (executor: Executor) => executor.map(items, late, () => undefined)
const racing = (executor: Executor) =>
  Promise.all(items.slice(0, executor.iteration).map(async (i) => executor.forward(await late(i))))
const halves = async (executor: Executor) => {
  const half = executor.iteration / 2
  for (const part of [items.slice(0, half), items.slice(half, 2 * half)]) {
    await executor.map(part, sample, () => undefined)
  }
}

let asked: number[] = []
/** Statistics of each -i value, and what the function was called for. */
async function run(name: string, iterations: readonly number[], use: (executor: Executor) => Promise<unknown>) {
  asked = []
  const infer: InferFunction = async (executor) => {
    asked.push(executor.iteration)
    await use(executor)
  }
  const saveDir = join(folder, name)
  await quantize({ model, saveDir, infer, iterations, modes: ['min_max'], cpuNum: 1, compareIteration: 0 })
  const files = iterations.map((i) => (iterations.length > 1 ? `stats_it_${i}.arrow` : 'stats.arrow'))
  return files.map((file) => readFileSync(join(saveDir, file)))
}

describe('-i 4 6', () => {
  it.each([
    ['executor.map: once', mapping, [6]],
    ['calls of forward as the data come: once for each', racing, [6, 4]],
    ['two maps of half the items: once for each', halves, [6, 4]],
  ] as const)('%s, with the statistics of -i 4 alone', async (name, use, calls) => {
    const [four, six] = await run(name, [4, 6], use)
    expect(asked).toEqual(calls)
    expect(await run(`${name} 4`, [4], use)).toEqual([four])
    expect(await run(`${name} 6`, [6], use)).toEqual([six])
  })

  it('the float metric over an evaluation of its own is measured once', async () => {
    const infer: InferFunction = async (executor) => {
      asked.push(executor.iteration)
      await mapping(executor)
      return executor.iteration / 100
    }
    asked = []
    const saveDir = join(folder, 'metric')
    const options = { model, saveDir, infer, modes: ['min_max'], cpuNum: 1, compareIteration: 0 } as const
    const { results } = await quantize({ ...options, iterations: [4, 6], evalIteration: 8 })
    expect(results.map(({ floatMetric, fixMetric }) => [floatMetric, fixMetric])).toEqual([
      [0.08, 0.08],
      [0.08, 0.08],
    ])
    // Calibration, the float model, two integer models.
    expect(asked).toEqual([6, 8, 8, 8])
  })
})

describe('a dataset given as a value', () => {
  let loaded: number[] = []
  /** Earlier samples take longer, so that later ones are there first. */
  const dataset: Dataset = {
    size: () => 9,
    load: async (i) => {
      loaded.push(i)
      return { inputs: [await late(i)] }
    },
  }
  const stats = async (name: string, iterations: readonly number[], batchSize: number) => {
    loaded = []
    const saveDir = join(folder, name)
    await quantize({
      ...{ model: dynamic, saveDir, dataset, iterations, batchSize },
      ...{ modes: ['min_max'], cpuNum: 2, compareIteration: 0 },
    })
    const files = iterations.map((i) => (iterations.length > 1 ? `stats_it_${i}.arrow` : 'stats.arrow'))
    return {
      stats: files.map((file) => readFileSync(join(saveDir, file))),
      input: readFileSync(join(saveDir, 'inputs/x.bin')),
    }
  }

  it.each([
    [[4, 6], 1],
    [[2, 4], 2],
  ] as const)('is loaded once for -i %j, %d samples each', async (iterations, batchSize) => {
    const [fewer, most] = iterations
    const both = await stats(`value ${batchSize}`, iterations, batchSize)
    expect(loaded.sort()).toEqual(items.slice(0, most * batchSize))
    const one = await stats(`value ${batchSize} ${fewer}`, [fewer], batchSize)
    expect(one.stats).toEqual(both.stats.slice(0, 1))
  })

  it('the last input is that of the last sample, whatever its load takes', async () => {
    const { input } = await stats('last', [7], 1)
    expect(input.readFloatLE(0)).toBe(6)
  })

  it('a metric is folded in the order of the samples', async () => {
    const order: number[] = []
    const metric: NonNullable<Dataset['metric']> = {
      name: 'order',
      initial: () => 0,
      update: (count, _, __, index) => order.push(index) && (count as number) + 1,
      merge: (a, b) => (a as number) + (b as number),
      value: (count) => count as number,
    }
    await infer({ model, dataset: { ...dataset, metric }, iterations: [8], cpuNum: 2 })
    expect(order).toEqual(items.slice(0, 8))
  })
})
