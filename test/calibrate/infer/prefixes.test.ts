// Several values of -i: one call of the infer function serves all, where its forward passes have an order.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Executor, type InferFunction, quantize } from '../../../src/index.js'
import { temporaryFolder } from '../../e2e/squire.js'
import { tiny, write } from '../../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
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
