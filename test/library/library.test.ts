// The library: what a TypeScript program gives it, and gets.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inOptions } from '../../src/config/wording.js'
import { type Dataset, defineDataset, infer, type ProgressEvent, quantize, SquireError } from '../../src/index.js'
import { silentReporter } from '../../src/report/types.js'
import { temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')

/** Eight samples of four values; the metric is the share whose first score is the larger one. */
const samples: Dataset<number> = {
  size: () => 8,
  load: (i) => ({ inputs: { x: { data: Float32Array.of(i, 1, 3, i % 3), dims: [1, 4] } } }),
  metric: {
    name: 'first',
    initial: () => 0,
    update: (hits, [scores]) => hits + (scores!.data[0]! > scores!.data[1]! ? 1 : 0),
    merge: (a, b) => a + b,
    value: (hits) => hits / 8,
  },
}

describe('the library', () => {
  it('takes a dataset as a value, tells how far it is, and names the metric of a float model', async () => {
    const events: ProgressEvent[] = []
    const saveDir = join(folder, 'values')
    const dataset = samples
    const { results } = await quantize({
      model,
      saveDir,
      dataset,
      iterations: 'all',
      modes: ['kl', 'mse'],
      cpuNum: 1,
      onProgress: (event) => void events.push(event),
    })
    expect(results.map(({ mode, error }) => [mode, error])).toEqual(
      expect.arrayContaining([
        ['kl', undefined],
        ['mse', undefined],
      ]),
    )
    const calibration = events.filter(({ title }) => title.startsWith('calibrating'))
    expect(calibration[0]).toMatchObject({ stage: 'float run and scales', done: 0, total: 8, unit: 'forwards' })
    expect(calibration.at(-1)).toMatchObject({ done: 8 })
    const measured = await infer({ model, dataset, iterations: 'all', cpuNum: 1 })
    expect(measured.results).toEqual([{ iteration: 8, metric: results[0]!.floatMetric }])
  })

  it('takes what defineDataset gave, made from the options', async () => {
    const dataset = defineDataset(({ data }) => ({ ...samples, size: () => Number(data) }))
    const { results } = await infer({ model, dataset, data: '5', iterations: 'all', cpuNum: 1 })
    expect(results).toEqual([{ iteration: 5, metric: expect.any(Number) }])
  })

  it('takes an infer function as a value, and says which options infer does not use', async () => {
    const warned: string[] = []
    const { results } = await infer({
      model,
      cpuNum: 1,
      iterations: [3],
      modes: 'kl',
      reporter: { ...silentReporter, warn: (line) => void warned.push(line) },
      infer: async (executor) => {
        for (let i = 0; i < executor.iteration; i++) await executor.forward({ data: [1, 2, 3, 4], dims: [1, 4] })
        return 0.25
      },
    })
    expect(results).toEqual([{ iteration: 3, metric: 0.25 }])
    expect(warned).toEqual(['option "runMode" infer does not use option "modes"'])
  })

  it.each(['infer', 'compare'] as const)('quantize refuses runMode %s, which quantizes nothing', async (runMode) => {
    await expect(quantize({ model, runMode })).rejects.toThrow(
      `option "runMode": expected "quant", "auto_quant" or "convert", got "${runMode}"; `,
    )
  })

  it('runs twice at the same time as it does once', async () => {
    const run = async (name: string) => {
      const saveDir = join(folder, name)
      await quantize({ model, saveDir, dataset: samples, iterations: 'all', cpuNum: 1 })
      return readFileSync(join(saveDir, 'tiny_quantize.onnx'))
    }
    const [one, other] = await Promise.all([run('one'), run('other')])
    expect(one.equals(other)).toBe(true)
    expect(one.equals(await run('alone'))).toBe(true)
  })

  it('stops when its signal is aborted', async () => {
    const controller = new AbortController()
    const running = quantize({
      model,
      saveDir: join(folder, 'stopped'),
      cpuNum: 1,
      iterations: [1000],
      signal: controller.signal,
      onProgress: ({ done }) => done > 2 && controller.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  it('speaks of options, not of flags', async () => {
    expect(inOptions('with --iteration (-i): -i 5, --samples')).toBe(
      'with option "iterations": option "iterations" 5, option "selection.samples"',
    )
    expect(inOptions('a-i /x/-tmp --unknown e-if')).toBe('a-i /x/-tmp --unknown e-if')
    const failed = await quantize({ model, inferFunction: 'nothing', cpuNum: 1 }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(SquireError)
    expect((failed as SquireError).message).toMatch(/^infer function "nothing" \(.*\) is not built in/)
    expect((failed as SquireError).message).not.toMatch(/ --?[a-z]/)
  })

  it('names the sample that cannot be loaded, and the function of the metric that fails', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const run = (dataset: Dataset<number>) => infer({ model, dataset, cpuNum: 1 })
    await expect(run({ ...samples, load: broken })).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringContaining('sample "00000000": load(0) threw: broken'),
    })
    await expect(run({ ...samples, metric: { ...samples.metric!, value: broken } })).rejects.toThrow(
      'value() of metric "first" threw: broken',
    )
  })

  it.each([
    [{ signal: 5 }, 'option "signal": expected an AbortSignal, got 5'],
    [{ onProgress: 'log' }, 'option "onProgress": expected a function, got log'],
  ])('refuses %o of a program without types', async (wrong, message) => {
    await expect(quantize({ model, dataset: samples, ...(wrong as object) })).rejects.toThrow(message)
  })

  it('refuses two kinds of data at once', async () => {
    const both = { model, dataset: samples, infer: () => 1 }
    await expect(quantize(both)).rejects.toThrow('option "dataset" and option "infer" exclude each other')
  })
})
