// Accuracy on real photographs: SqueezeNet calibrated on 100 of 500, evaluated on all. The data are not part of the repository.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../src/dataset/datasets.js'
import { modelInputs, readModel } from '../../src/onnx/model.js'
import { createSession, type Session } from '../../src/onnx/runtime/session.js'
import type { TensorValue } from '../../src/onnx/types.js'
import { pythonWith } from '../dataset/script/python/interpreters.js'
import { fixture, squire, temporaryFolder } from './squire.js'

const data = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const model = join(data, 'models/squeezenet1.0.onnx')
const photographs = join(data, 'imagenet')
const script = fileURLToPath(new URL('../../examples/imagenet/dataset.mjs', import.meta.url))
const present = existsSync(model) && existsSync(photographs)
if (!present) console.warn(`\nNOT RUN: accuracy on photographs needs ${model} and ${photographs}\n`)

const folder = temporaryFolder()

describe.runIf(present)('SqueezeNet on 500 photographs, calibrated on 100 of them', () => {
  it("keeps, without zero points, a top-1 of 60.0 % of the float model's 60.6 %, and the float model's choice for 91 % of them", async () => {
    const words = ['quant', '-m', model, '-uds', script, '-if', 'imagenet', '-d', photographs, '-s', folder]
    const ended = await squire([
      ...words,
      '-i',
      '100',
      '--eval-iteration',
      'all',
      '-qm',
      'kl',
      '--zero-points',
      'none',
      '--json',
    ])
    expect(ended.status).toBe(0)
    const [result] = JSON.parse(ended.stdout).results
    expect(result.floatMetric).toBeCloseTo(0.606, 3)
    expect(result.fixMetric).toBeGreaterThanOrEqual(0.6)
    expect(await agreement(join(folder, 'squeezenet1.0_quantize.onnx'))).toBeGreaterThanOrEqual(0.91)
  }, 400_000)
})

const python = pythonWith('numpy', 'PIL')
if (present && python === undefined) {
  console.warn(
    '\nNOT RUN: a Python script on photographs, no Python here has numpy and Pillow (SQUIRE_TEST_PYTHON names another)\n',
  )
}

describe.runIf(present && python !== undefined)('a Python script for Knight, on 100 photographs', () => {
  it('measures the top-1 that squire measures on the same, and quantizes to within five photographs of it', async () => {
    const script = fixture('photographs.py')
    const out = join(folder, 'python')
    const words = ['quant', '-m', model, '-uds', script, '-if', 'photographs', '-d', photographs, '--python', python!]
    const short = ['--compare-iteration', '0', '-cn', '2']
    const ended = await squire([...words, '-i', '100', '-qm', 'mse', '-s', out, '--json', ...short])
    expect(ended.stderr).not.toContain('error')
    const [{ floatMetric, fixMetric }] = JSON.parse(ended.stdout).results
    // Pillow and libvips may decode a photograph apart by a level.
    expect(Math.abs(floatMetric - (await top1OfEveryFifth()))).toBeLessThanOrEqual(0.01)
    expect(Math.abs(fixMetric - floatMetric)).toBeLessThanOrEqual(0.05)
  }, 400_000)
})

/** Of the float model, on the photographs that the script takes. */
async function top1OfEveryFifth(): Promise<number> {
  const dataset = await openPhotographs()
  const session = await createSession(model)
  let hits = 0
  for (let i = 0; i < dataset.size; i += 5) {
    const { feeds, label } = await dataset.load(i)
    if ((await best(session, feeds)) === label) hits++
  }
  return hits / Math.ceil(dataset.size / 5)
}

async function openPhotographs() {
  const inputs = modelInputs((await readModel(model)).proto)
  const source = { kind: 'user' as const, script, exportName: 'imagenet', data: photographs, batchSize: 1 }
  return openDataset(source, inputs)
}

/** The fraction of photographs for which the two models' highest scores are the same class. */
async function agreement(integerModel: string): Promise<number> {
  const dataset = await openPhotographs()
  const [float, fixed] = [await createSession(model), await createSession(integerModel)]
  let same = 0
  for (let i = 0; i < dataset.size; i++) {
    const { feeds } = await dataset.load(i)
    if ((await best(float, feeds)) === (await best(fixed, feeds))) same++
  }
  return same / dataset.size
}

async function best(session: Session, feeds: Readonly<Record<string, TensorValue>>): Promise<number> {
  const scores = Object.values(await session.run(feeds))[0]!.data as Float32Array
  return scores.indexOf(scores.reduce((a, b) => Math.max(a, b)))
}
