// A quantization in steps gives what a whole one gives, and its parts stand alone.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  type CalibrateOptions,
  calibrate,
  type Dataset,
  evaluate,
  exportModel,
  type QuantizeOptions,
  quantize,
  type Solution,
  solve,
} from '../../src/index.js'
import { temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')

let loaded = 0
const dataset: Dataset = {
  size: () => 40,
  digest: () => 'forty samples',
  load: (i) => {
    loaded++
    return { inputs: { x: { data: Float32Array.of(i, 1, 3, i % 3), dims: [1, 4] } } }
  },
  metric: {
    name: 'largest score',
    initial: () => 0,
    update: (sum, [scores]) => (sum as number) + Math.max(...(scores!.data as Float32Array)),
    merge: (a, b) => (a as number) + (b as number),
    value: (sum) => sum as number,
  },
}
const options: CalibrateOptions = { model, dataset, iterations: 'all', cpuNum: 1 }

describe('calibrate, solve, evaluate, exportModel', () => {
  it('write what quantize() writes, byte for byte, and measure what it measures', async () => {
    const whole: QuantizeOptions = { ...options, modes: ['kl', 'mse'], saveDir: join(folder, 'whole') }
    const { results } = await quantize(whole)
    await using calibration = await calibrate(options)
    const solutions = await solve(calibration, { modes: ['kl', 'mse'] })
    expect(solutions.map(({ mode, iteration }) => `${mode}_it_${iteration}`)).toEqual(['kl_it_40', 'mse_it_40'])
    for (const solution of solutions) {
      const { floatMetric, fixMetric, loss, directory, files } = results.find(({ mode }) => mode === solution.mode)!
      expect(await evaluate(solution)).toEqual({ floatMetric, integerMetric: fixMetric, loss })
      const saveDir = join(folder, 'steps', solution.mode)
      const written = await exportModel(solution, { saveDir })
      expect(written.files).toEqual(files.map((file) => join(saveDir, file)))
      for (const [i, file] of written.files.entries()) {
        expect(readFileSync(file).equals(readFileSync(join(folder, 'whole', directory, files[i]!))), file).toBe(true)
      }
    }
  })

  it('statistics are a value: saved and given again, the data are read once, for their dims', async () => {
    let bytes: Uint8Array
    let scales: Solution['tensors']
    {
      await using calibration = await calibrate(options)
      bytes = calibration.statistics[0]!.toArrow()
      scales = (await solve(calibration, { modes: ['mse'] }))[0]!.tensors
      expect(calibration.statistics).toMatchObject([{ iteration: 40, samples: 40 }])
    }
    loaded = 0
    await using again = await calibrate({ ...options, statistics: bytes })
    const [solution] = await solve(again, { modes: ['mse'] })
    expect(loaded).toBeLessThan(40)
    expect(solution!.tensors).toEqual(scales)
    expect(again.statistics[0]!.toArrow()).toEqual(bytes)
  })

  it('statistics of other data are refused, in the words of options', async () => {
    await using calibration = await calibrate(options)
    const statistics = calibration.statistics[0]!.toArrow()
    const other = { ...dataset, digest: () => 'others' }
    await expect(calibrate({ ...options, dataset: other, statistics })).rejects.toThrow(
      /^option "statistics" does not belong to this run: .* Leave it away to calibrate again\.$/,
    )
  })

  it('solve() reads no data, and may be asked again with other options', async () => {
    await using calibration = await calibrate(options)
    loaded = 0
    const [low] = await solve(calibration, { modes: ['percentile'], percent: 0.5 })
    const [high] = await solve(calibration, { modes: ['percentile'], percent: 0.999 })
    expect(loaded).toBe(0)
    expect(low!.tensors.get('x')!.scale).toBeLessThan(high!.tensors.get('x')!.scale)
    await expect(solve(calibration, { percent: 7 })).rejects.toThrow(/option "percent"/)
  })

  it('what is solved outlives neither its calibration nor a wrong hand', async () => {
    const calibration = await calibrate(options)
    const [solution] = await solve(calibration)
    expect((await evaluate(solution!)).integerMetric).toBeTypeOf('number')
    await calibration.close()
    await calibration.close()
    await expect(evaluate(solution!)).rejects.toThrow('the calibration is closed')
    await expect(evaluate({ ...solution! })).rejects.toThrow('take a solution that solve() resolved to')
  })

  it('an aborted calibration leaves nothing behind', async () => {
    const controller = new AbortController()
    controller.abort()
    await expect(calibrate({ ...options, signal: controller.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const calibration = await calibrate(options)
    const solutions = await solve(calibration)
    const saveDir = join(folder, 'nothing')
    await calibration.close()
    await expect(exportModel(solutions[0]!, { saveDir })).rejects.toThrow('closed')
    expect(readdirSync(folder)).not.toContain('nothing')
  })

  it('two calibrations at a time do not disturb each other', async () => {
    const scalesOf = async (scale: number) => {
      const scaled: Dataset = {
        ...dataset,
        load: (i) => ({ inputs: { x: { data: Float32Array.of(i * scale * 0.3, 1, 3, i % 3), dims: [1, 4] } } }),
      }
      await using calibration = await calibrate({ ...options, dataset: scaled })
      return (await solve(calibration, { modes: ['min_max'] }))[0]!.tensors.get('x')!.scale
    }
    const alone = [await scalesOf(1), await scalesOf(2)]
    expect(await Promise.all([scalesOf(1), scalesOf(2)])).toEqual(alone)
    expect(alone[1]).toBeCloseTo(2 * alone[0]!, 10)
  })
})

it('nothing is printed, and of the process only what the documentation says is changed', async () => {
  const written: unknown[] = []
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(text)
      return true
    }),
  )
  const state = () => ({
    env: { ...process.env, ORT_DISABLE_TELEMETRY: undefined },
    cwd: process.cwd(),
    exitCode: process.exitCode,
    listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
  })
  const before = state()
  try {
    await quantize({ ...options, modes: ['min_max'], saveDir: join(folder, 'quiet') })
    await using calibration = await calibrate(options)
    await evaluate((await solve(calibration))[0]!)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  expect(written).toEqual([])
  expect(state()).toEqual(before)
})
