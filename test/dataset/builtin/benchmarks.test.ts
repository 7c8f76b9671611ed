import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImageOptions } from '../../../src/config/config.js'
import { builtIns } from '../../../src/dataset/builtin/index.js'
import { openDataset } from '../../../src/dataset/datasets.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType, type TensorData } from '../../../src/onnx/types.js'
import { npyBytes } from '../formats/npyFile.js'

let folder: string
const png = (width: number, height: number) =>
  sharp(Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256)), {
    raw: { width, height, channels: 3 },
  })
    .png()
    .toBuffer()
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-benchmarks-'))
  for (const name of ['val/ant/1.png', 'val/bee/1.png', 'val/bee/2.png', 'list/z.png', 'list/y.png', 'bare/1.png']) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(folder, name), await png(12, 9))
  }
  writeFileSync(path.join(folder, 'list', 'labels.txt'), 'z.png 4\ny.png 2\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const image: ImageOptions = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined }
const x: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 3, 7, 7] }

async function open(
  name: string,
  data: string | undefined,
  inputs: readonly ModelInput[] = [x],
  own: ImageOptions = image,
) {
  const builtIn = builtIns[name]!
  if (builtIn.kind !== 'dataset') throw new Error(`${name} is no dataset`)
  return openDataset(await builtIn.source({ data, image: own, inputConfigs: undefined }, inputs), inputs)
}
const at = (name: string) => path.join(folder, name)

describe('imagenet_benchmark', () => {
  it('takes a folder for each class, and tells top-1 and top-5', async () => {
    const dataset = await open('imagenet_benchmark', at('val'))
    expect([dataset.size, dataset.id(2)]).toEqual([3, 'bee/2.png'])
    expect((await dataset.load(2)).label).toBe(1)
    const metric = dataset.metric!
    const scores = { type: 'float32' as const, dims: [1, 6], data: Float32Array.of(6, 5, 4, 3, 2, 1) }
    const outputs = Object.assign([scores], { byName: { scores } })
    let state = metric.initial()
    for (const label of [0, 1, 5]) state = await metric.update(state, outputs, label, 0)
    expect(metric.value(metric.merge(state, metric.initial()))).toBeCloseTo(1 / 3)
    expect(metric.details!(state)).toBe('top-1 33.33 %, top-5 66.67 %')
  })

  it('takes a folder with a labels.txt, and the list itself', async () => {
    for (const data of ['list', 'list/labels.txt']) {
      const dataset = await open('imagenet_benchmark', at(data))
      expect([dataset.id(0), (await dataset.load(0)).label, (await dataset.load(1)).label]).toEqual(['y.png', 2, 4])
    }
  })

  it('cuts the middle out of what is scaled to 256 for 224', async () => {
    // 12x9 is scaled to 10x8 for 7x7 (8/7 of 7 is 8): one column on the left and two on the right are cut off, and one row below.
    const { feeds } = await (await open('imagenet_benchmark', at('val'))).load(0)
    expect(feeds.x!.dims).toEqual([1, 3, 7, 7])
    const black = (0 - 123.675) / 58.395
    expect(Math.min(...(feeds.x!.data as Float32Array))).toBeGreaterThanOrEqual(Math.fround(black))
  })

  it("normalizes by ImageNet's mean and deviation in the order of the channels, or as it is told", async () => {
    const white = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'white' } })
      .png()
      .toBuffer()
    mkdirSync(at('white/a'), { recursive: true })
    writeFileSync(at('white/a/1.png'), white)
    const firstOfEach = ({ data }: { data: TensorData }) => [0, 49, 98].map((i) => Number(data[i]).toFixed(3))
    const of = async (own: ImageOptions) => {
      const dataset = await open('imagenet_benchmark', at('white'), [x], own)
      return firstOfEach((await dataset.load(0)).feeds.x!)
    }
    const rgb = ['2.249', '2.429', '2.640']
    expect(await of(image)).toEqual(rgb)
    expect(await of({ ...image, colorSpace: 'BGR' })).toEqual(rgb.toReversed())
    expect(await of({ ...image, mean: [0], std: [1] })).toEqual(['255.000', '255.000', '255.000'])
  })

  it('needs labels, and data', async () => {
    await expect(open('imagenet_benchmark', at('bare'))).rejects.toThrow(
      'has no labels: expected a folder for each class',
    )
    await expect(open('imagenet_benchmark', undefined)).rejects.toThrow('"imagenet_benchmark" (-if) needs --data (-d)')
  })
})

describe('numpy_benchmark', () => {
  const flat: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 2] }
  const mask: ModelInput = { name: 'm/k', dataType: DataType.FLOAT, dims: ['n', 1] }
  const numbers = Float32Array.from({ length: 12 }, (_, i) => i)
  const write = (files: Readonly<Record<string, Buffer>>) => {
    const own = mkdtempSync(path.join(folder, 'npy-'))
    for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(own, name), bytes)
    return own
  }

  it.each([
    ['rows', [6, 2], [6]],
    ['batches of rows', [2, 3, 2], [2, 3]],
  ])('takes %s', async (_, shape, labels) => {
    const classes = Float32Array.of(0, 1, 2, 3, 4, 5)
    const own = write({
      'a_input.npy': npyBytes('<f4', shape, numbers),
      'a_label.npy': npyBytes('<f4', labels, classes),
    })
    const dataset = await open('numpy_benchmark', own, [flat])
    expect([dataset.size, dataset.metric?.name]).toEqual([6, 'top-1'])
    const { feeds, label } = await dataset.load(4)
    expect([feeds.x!.data, feeds.x!.dims, label]).toEqual([Float32Array.of(8, 9), [1, 2], 4])
    await dataset.close()
  })

  it('takes a file for each of several inputs', async () => {
    const own = write({
      'x.npy': npyBytes('<f4', [6, 2], numbers),
      'm_k.npy': npyBytes('<f4', [6, 1], numbers.slice(6)),
      'labels.npy': npyBytes('<i8', [6], BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n)),
    })
    const dataset = await open('numpy_benchmark', own, [flat, mask])
    const { feeds, label } = await dataset.load(1)
    expect([feeds.x!.data, feeds['m/k']!.data, label]).toEqual([Float32Array.of(2, 3), Float32Array.of(7), 1])
    const again = await openDataset(structuredClone(dataset.source), [flat, mask])
    expect((await again.load(1)).feeds).toEqual(feeds)
    await Promise.all([dataset.close(), again.close()])
  })

  it('refuses what does not fit together', async () => {
    const input = npyBytes('<f4', [6, 2], numbers)
    const label = npyBytes('<f4', [5], numbers.slice(0, 5))
    await expect(open('numpy_benchmark', write({ 'x.npy': input }), [flat])).rejects.toThrow(
      'expected one .npy file with "label"',
    )
    await expect(open('numpy_benchmark', write({ 'label.npy': label }), [flat])).rejects.toThrow(
      'expected "x.npy" for input "x"',
    )
    const both = write({ 'x.npy': input, 'label.npy': label })
    await expect(open('numpy_benchmark', both, [flat])).rejects.toThrow('labels have shape [5], expected [6]')
    await expect(open('numpy_benchmark', at('nowhere'), [flat])).rejects.toThrow('expected a folder with .npy files')
  })
})
