// --refine: better weights and biases from calibration samples, the same bytes each time, and never a worse model on the samples that judge.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { type RefinementRecord, type Reporter, silentReporter } from '../../src/report/types.js'
import { quantize } from '../../src/runs/quantize.js'
import { model } from '../onnx/models.js'
import { picture } from './fixtures/waves.js'
import { contents, type Ended, fixture, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'
import { op, weights } from './zoo.js'

const folder = temporaryFolder()
const same = { pads: [1, 1, 1, 1] }

/** Convolutions of one group and of as many as channels, and a product without a bias. */
const nodes = [
  op('Conv: x w -> c', same, 'first'),
  op('Relu: c -> r'),
  op('Conv: r d db -> e', { ...same, group: 8 }, 'depthwise'),
  op('Relu: e -> f'),
  op('Conv: f v -> g', {}, 'point'),
  op('Relu: g -> h'),
  op('GlobalAveragePool: h -> p'),
  op('Flatten: p -> q'),
  op('MatMul: q m -> y', {}, 'product'),
]
const constants = [
  weights('w', 8, 3, 3, 3),
  weights('d', 8, 1, 3, 3),
  weights('db', 8, 1),
  weights('v', 12, 8, 1, 1),
  weights('m', 12, 5),
].map((tensor) => (tensor.name === 'db' ? { ...tensor, dims: [8] } : tensor))
const path = write(model({ inputs: { x: [1, 3, 16, 16] }, nodes, constants }), folder, 'waves.onnx')

const wordsOf = (name: string, from = 'dataset'): string[] => {
  const data = ['-uds', fixture('waves.ts'), '-if', from, '--compare-iteration', '0']
  return ['quant', '-m', path, ...data, '-s', join(folder, name)]
}

/** Calibrates with a threshold method; `words` are more options. */
const run = (name: string, words: string, env: Record<string, string> = {}, from = 'dataset'): Promise<Ended> =>
  squire([...wordsOf(name, from), ...words.split(' ')], env)

const recordOf = (name: string): RefinementRecord =>
  JSON.parse(readFileSync(join(folder, name, 'report.json'), 'utf8')).results[0].refinement

describe('--refine best', () => {
  let ended: Ended
  beforeAll(async () => {
    ended = await run('best', '-i 40 -qm min_max --refine best -cn 1')
  }, 120_000)

  it('says what each step gained on samples that it was not fitted to', () => {
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stdout).toMatch(
      /min_max: refined on 40 samples, each half judged by the other; signal to noise .*: [\d.]+ dB, with weights .* dB/,
    )
  })

  it('keeps what makes the outputs better beyond chance, and takes back the rest', () => {
    const { samples, steps } = recordOf('best')
    expect(samples).toBe(40)
    expect(steps[0]!.step).toBe('weights')
    for (const { significance, kept } of steps) expect(kept).toBe(significance! >= 1.645)
    // Weights that were kept have their biases: these are tried alone where the weights were taken back.
    expect(steps).toHaveLength(steps[0]!.kept ? 1 : 2)
    expect(steps.some(({ kept }) => kept)).toBe(true)
  })

  it.each([
    [2, 'shuffled'],
    [3, 'reversed'],
  ])(
    'writes the same bytes with %i workers and %s data',
    async (workers, order) => {
      const again = await run(order, `-i 40 -qm min_max --refine best -cn ${workers}`, { SQUIRE_TEST_ORDER: order })
      expect(again.status, again.stderr).toBe(0)
      expect(contents(join(folder, order))).toEqual(contents(join(folder, 'best')))
    },
    120_000,
  )

  it('writes the same bytes when it was interrupted and resumed', async () => {
    const words = [...wordsOf('resumed'), ...'-i 40 -qm min_max --refine best -cn 1'.split(' ')]
    // In this process, which knows when refining begins.
    const interrupt = new AbortController()
    const progress: Reporter['progress'] = (title, total, unit) => {
      if (title === 'refining min_max') interrupt.abort()
      return silentReporter.progress(title, total, unit)
    }
    const { config } = await configure(words)
    const interrupted = quantize(config, { ...silentReporter, progress }, { signal: interrupt.signal })
    await expect(interrupted).rejects.toThrow('repeat the command with --resume')
    const resumed = await squire([...words, '--resume'])
    expect(resumed.status, resumed.stderr).toBe(0)
    expect(contents(join(folder, 'resumed'))).toEqual(contents(join(folder, 'best')))
  }, 120_000)

  it('is given samples by an infer function as well, whatever it does with its arrays', async () => {
    const again = await run('function', '-i 40 -qm min_max --refine best', {}, 'infer')
    expect(again.status, again.stderr).toBe(0)
    expect(recordOf('function').steps.every(({ after }) => after! > 20)).toBe(true)
    expect(recordOf('function').steps.some(({ kept }) => kept)).toBe(true)
  }, 120_000)

  it('changes integer weights and biases, and no scale', async () => {
    expect((await run('none', '-i 40 -qm min_max')).status).toBe(0)
    const scales = (name: string) =>
      JSON.parse(readFileSync(join(folder, name, 'waves_scale.json'), 'utf8')) as Record<string, unknown>
    expect(scales('best').tensors).toEqual(scales('none').tensors)
    expect(scales('best').operators).not.toEqual(scales('none').operators)
    expect(recordOf('none')).toBeNull()
  }, 120_000)

  it('gives the QDQ model the biases as well', async () => {
    const noise = async (name: string) => {
      const [float, qdq] = await Promise.all(
        [path, join(folder, name, 'waves_qdq.onnx')].map((file) => createSession(file, { optimized: true })),
      )
      let sum = 0
      for (let sample = 40; sample < 64; sample++) {
        const feeds = { x: { type: 'float32' as const, ...picture(sample) } }
        const [expected, found] = await Promise.all([float!, qdq!].map((session) => session.run(feeds)))
        for (const [i, value] of (expected!.y!.data as Float32Array).entries()) {
          sum += (value - (found!.y!.data as Float32Array)[i]!) ** 2
        }
      }
      await Promise.all([float!.release(), qdq!.release()])
      return sum
    }
    expect(await noise('best')).toBeLessThan(await noise('none'))
  })
})

describe('--refine fast', () => {
  it('refines biases alone, of every threshold method', async () => {
    const ended = await run('fast', '-i 20 -qm mse percentile --refine fast')
    expect(ended.status, ended.stderr).toBe(0)
    const { results } = JSON.parse(readFileSync(join(folder, 'fast', 'report.json'), 'utf8'))
    expect(results).toHaveLength(2)
    for (const { refinement } of results) {
      expect(refinement.steps.map(({ step }: { step: string }) => step)).toEqual(['biases'])
    }
  }, 120_000)

  it('says how many samples it needs where there are too few, and refines nothing', async () => {
    const ended = await run('few', '-i 6 -qm min_max --refine fast')
    expect(ended.status).toBe(0)
    expect(ended.stderr).toContain('--refine fast needs at least 16 calibration samples of one size, -i 6 has 6')
    expect(recordOf('few')).toBeNull()
  }, 120_000)
})

describe('with a distribution cache', () => {
  const cache = join(folder, 'cache.arrow')
  const stored = join(folder, 'cache.min_max.refined.arrow')
  const cached = (name: string, words = '') =>
    run(name, `-i 24 -qm min_max --refine best -cd ${cache} ${words}`.trimEnd())

  it('a second run gathers nothing and writes the same bytes', async () => {
    const first = await cached('gathered')
    expect(first.status, first.stderr).toBe(0)
    const second = await cached('stored')
    expect(second.status, second.stderr).toBe(0)
    expect(second.stdout).toContain(`min_max: its refinement comes from ${stored}`)
    expect(second.stderr).not.toContain('refining')
    expect(recordOf('stored')).toEqual(recordOf('gathered'))
    expect(contents(join(folder, 'stored'))).toEqual(contents(join(folder, 'gathered')))
  }, 120_000)

  it('another level is refined anew', async () => {
    const ended = await cached('level', '--refine weights')
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stdout).not.toContain('its refinement comes from')
    expect(recordOf('level').steps.map(({ step }) => step)).toEqual(['weights'])
  }, 120_000)

  it('a damaged one is an error that says what to do', async () => {
    const bytes = readFileSync(stored)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(stored, bytes)
    const ended = await cached('damaged', '--refine weights')
    expect(ended.status).not.toBe(0)
    expect(ended.stderr).toContain(`the refinement ${stored} cannot be used: it is damaged`)
  }, 120_000)
})
