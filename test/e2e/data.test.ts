// Data without code: whatever form the same samples come in, the same statistics, models and scales come out.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeStatistics } from '../../src/histogram/statistics.js'
import { npyBytes } from '../dataset/formats/npyFile.js'
import { floats, model as makeModel, node } from '../onnx/models.js'
import { runHere } from './here.js'
import { contents, plain, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
/** of test/dataset/formats/fixtures/make.py: sample i is the numbers 12 i to 12 i + 11 with label i % 2. */
const made = (name: string) => fileURLToPath(new URL(`../dataset/formats/fixtures/${name}`, import.meta.url))

async function quantize(out: string, model: string, data: string, ...more: string[]) {
  await runHere(['-m', model, '-d', data, '-s', at(out), '-i', 'all', '-cn', '2', ...plain, ...more])
  const { tensors, metadata } = decodeStatistics(readFileSync(join(at(out), 'stats.arrow')))
  const report = JSON.parse(readFileSync(join(at(out), 'report.json'), 'utf8'))
  const { 'report.json': _report, 'stats.arrow': _stats, ...others } = contents(at(out))
  // inputs/ holds the last sample, which the order of the ids decides.
  const files = Object.fromEntries(Object.entries(others).filter(([name]) => !name.startsWith('inputs/')))
  return { tensors, samples: metadata.samples, files, result: report.results[0] }
}

describe.concurrent('five arrays of twelve numbers', () => {
  const numbers = (i: number, count = 1) => Float32Array.from({ length: 12 * count }, (_, j) => 12 * i + j)
  /** The first score is the sum of the first half, the second that of the other but for a constant: two labels of five fit. */
  const weights = Array.from({ length: 24 }, (_, i) => (i % 2 === (i < 12 ? 0 : 1) ? 1 : 0))
  const model = write(
    makeModel({
      inputs: { x: [1, 12] },
      nodes: [node('Gemm', ['x', 'w', 'b'], ['g']), node('Relu', ['g'], ['y'])],
      constants: [floats('w', [12, 2], weights), floats('b', [2], [0, -36.5])],
    }),
    folder,
    'arrays.onnx',
  )
  const file = (name: string, bytes: Uint8Array | string) => {
    mkdirSync(join(at(name), '..'), { recursive: true })
    writeFileSync(at(name), bytes)
    return at(name)
  }
  const five = (name: (i: number) => string, bytes: (i: number) => Uint8Array) => {
    for (let i = 0; i < 5; i++) file(name(i), bytes(i))
  }
  const row = (i: number) => npyBytes('<f4', [12], numbers(i))
  const raw = (i: number) => new Uint8Array(numbers(i).buffer)
  five((i) => `npy/${i}.npy`, row)
  five((i) => `bin/${i}.bin`, raw)
  five((i) => `classes/${i % 2 === 0 ? 'even' : 'odd'}/${i}.npy`, row)
  file('list.txt', [3, 0, 4, 1, 2].map((i) => `npy/${i}.npy ${i % 2}\n`).join(''))
  file('one.npy', npyBytes('<f4', [5, 12], numbers(0, 5)))

  let reference: Awaited<ReturnType<typeof quantize>>
  beforeAll(async () => {
    reference = await quantize('reference', model, made('stored.npz'))
    expect(reference.samples).toBe('5')
    expect(Object.keys(reference.files)).toContain('arrays_quantize.onnx')
    expect(Object.keys(reference.files)).toContain('arrays_scale.json')
  })

  test.each([
    ['Parquet', made('lists.parquet')],
    ['Arrow, with ids in another order', made('lists.feather')],
    ['a folder for each class', at('classes')],
    ['a list in another order', at('list.txt')],
  ])('with labels: %s', async (name, data) => {
    const { tensors, files, result } = await quantize(name, model, data)
    expect(tensors).toEqual(reference.tensors)
    expect(files).toEqual(reference.files)
    expect(result).toMatchObject({ floatMetric: 0.6, fixMetric: reference.result.fixMetric })
  })

  test.each([
    ['one array', at('one.npy')],
    ['a file each', at('npy')],
    ['raw files', at('bin')],
  ])('without labels: %s', async (name, data) => {
    const { tensors, files, result } = await quantize(name, model, data)
    expect(tensors).toEqual(reference.tensors)
    expect(files).toEqual(reference.files)
    expect(result).toMatchObject({ floatMetric: null, fixMetric: null })
  })

  test('more workers than chunks, samples or cores change nothing', async () => {
    const { tensors, files, result } = await quantize('crowd', model, made('stored.npz'), '-cn', '16')
    expect(tensors).toEqual(reference.tensors)
    expect(files).toEqual(reference.files)
    expect(result).toEqual(reference.result)
  })

  test.each([
    [['--samples', '3'], '3'],
    [['--per-class', '1'], '2'],
    [['--per-class', '1', '--seed', '5'], '2'],
  ])('%j takes %s samples, whatever form they come in', async (args, count) => {
    const some = (name: string, data: string) => quantize(`${name} ${args.join(' ')}`, model, data, ...args)
    const [one, other] = await Promise.all([some('parquet', made('lists.parquet')), some('npz', made('stored.npz'))])
    expect(one.samples).toBe(count)
    expect(one.tensors).toEqual(other.tensors)
    expect(one.files).toEqual(other.files)
  })
})

describe.concurrent('images', () => {
  /** The mean of the left half and of the right half of every channel. */
  const halves = Array.from({ length: 2 * 3 * 8 * 8 }, (_, i) =>
    (i % 8 < 4 ? 0 : 1) === Math.floor(i / 192) ? 1 / 96 : 0,
  )
  const model = write(
    makeModel({
      inputs: { x: [1, 3, 8, 8] },
      nodes: [node('Conv', ['x', 'w'], ['c']), node('Flatten', ['c'], ['y'])],
      constants: [floats('w', [2, 3, 8, 8], halves)],
    }),
    folder,
    'images.onnx',
  )
  const options = ['--color-space', 'RGB', '--image-mean', '128', '--image-std', '64']
  beforeAll(async () => {
    const names: string[] = []
    for (let i = 0; i < 8; i++) {
      const side = i % 2 === 0 ? 'left' : 'right'
      // Twice the model's size: they are resampled.
      const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, p) =>
        Math.floor(p / 3) % 16 < 8 === (i % 2 === 0) ? 200 + i : 20 + i,
      )
      mkdirSync(join(at('photos'), side), { recursive: true })
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toFile(join(at('photos'), side, `${i}.png`))
      names.push(`photos/${side}/${i}.png ${i % 2}`)
    }
    writeFileSync(at('photos.txt'), names.join('\n'))
  })

  test('in class folders get top-1 accuracy, and give the bytes of the same images in a list', async () => {
    const [folders, list] = await Promise.all(
      ['photos', 'photos.txt'].map((data) => quantize(`of ${data}`, model, at(data), ...options)),
    )
    expect(folders!.result).toMatchObject({ floatMetric: 1, fixMetric: 1, loss: 0 })
    expect(list!.tensors).toEqual(folders!.tensors)
    expect(list!.files).toEqual(folders!.files)
    expect(list!.result).toEqual(folders!.result)
  })

  test('in Parquet are read', async () => {
    const { samples, result } = await quantize('parquet', model, made('images.parquet'), ...options)
    expect(samples).toBe('5')
    expect(result.floatMetric).toBeGreaterThan(0)
  })
})
