import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeConfig } from '../../../src/config/config.js'
import { commonSource } from '../../../src/dataset/builtin/inferCommon.js'
import { openDataset } from '../../../src/dataset/datasets.js'
import { drawSamples } from '../../../src/dataset/select.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'
import { npyBytes } from '../formats/npyFile.js'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-common-'))
  for (const name of ['images', 'arrays', 'raw', 'empty']) mkdirSync(path.join(folder, name))
  for (const [i, name] of ['b.PNG', 'a.png', 'c.png'].entries()) {
    const raw = { width: 2, height: 1, channels: 3 } as const
    const levels = Uint8Array.of(10 * i, 1, 2, 3, 4, 5)
    writeFileSync(path.join(folder, 'images', name), await sharp(levels, { raw }).png().toBuffer())
  }
  // Another kind of file beside the samples is none of them.
  writeFileSync(path.join(folder, 'images', 'notes.npy'), 'not an array')
  for (const i of [0, 1]) {
    writeFileSync(path.join(folder, 'arrays', `${i}.npy`), npyBytes('<f8', [2], Float64Array.of(i, i)))
    writeFileSync(path.join(folder, 'raw', `${i}.bin`), new Uint8Array(Float32Array.of(i, -i).buffer))
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const x: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 3, 1, 2] }
const y: ModelInput = { name: 'y', dataType: DataType.FLOAT, dims: ['n', 2] }
type Entry = Readonly<Record<string, unknown>>
const images = (more: Entry = {}): Entry => ({
  input_name: 'x',
  quant_data_format: 'Image',
  data_dir: path.join(folder, 'images'),
  ...more,
})
const arrays = (more: Entry = {}): Entry => ({
  input_name: 'y',
  quant_data_format: 'Numpy',
  data_dir: path.join(folder, 'arrays'),
  ...more,
})

const source = async (entries: readonly Entry[], inputs: readonly ModelInput[]) => {
  const config = makeConfig({ model: 'm.onnx', inferFunction: 'infer_common', inputConfigs: entries as never })
  return commonSource(config.inputConfigs!, inputs)
}
const open = async (entries: readonly Entry[], inputs: readonly ModelInput[]) =>
  openDataset(await source(entries, inputs), inputs)

describe('infer_common', () => {
  it('reads each input from its own folder, in the order of names; what is shorter repeats', async () => {
    const dataset = await open([arrays(), images({ color_space: 'RGB', mean: [0, 0, 0], std: '1 1 1' })], [x, y])
    expect(dataset.size).toBe(3)
    expect([0, 1, 2].map((i) => dataset.id(i))).toEqual(['a.png', 'b.PNG', 'c.png'])
    const [first, second, third] = await Promise.all([0, 1, 2].map((i) => dataset.load(i)))
    expect(first!.feeds.x!.data).toEqual(Float32Array.of(10, 3, 1, 4, 2, 5))
    expect(second!.feeds.x!.data[0]).toBe(0)
    expect(third!.feeds.x!.data[0]).toBe(20)
    expect([first, second, third].map((sample) => sample!.feeds.y!.data[0])).toEqual([0, 1, 0])
    const again = await openDataset(structuredClone(dataset.source), [x, y])
    expect((await again.load(2)).feeds).toEqual(third!.feeds)
  })

  it('leaves levels of 0 to 255 as they are for an input of bytes, which needs mean and std', async () => {
    const bytes = images({ quantize_input_dtype: 'uint8', mean: [100], std: [50], color_space: 'RGB' })
    const { feeds } = await (await open([bytes, arrays()], [x, y])).load(0)
    expect(feeds.x!.data).toEqual(Float32Array.of(10, 3, 1, 4, 2, 5))
    await expect(open([images({ quantize_input_dtype: 'uint8' }), arrays()], [x, y])).rejects.toThrow(
      'quantize_input_dtype uint8 needs mean and std',
    )
  })

  it('takes the first samples, not drawn ones', async () => {
    const dataset = await open([images()], [x])
    const draw = await drawSamples(dataset, { samples: undefined, perClass: undefined, seed: 7 })
    expect([...draw.order([1, 2])]).toEqual([0, 1, 2])
  })

  it('takes pictures as BGR, as shares of 255 where there is no mean, and .bin files', async () => {
    const dataset = await open(
      [images(), arrays({ quant_data_format: 'Bin', data_dir: path.join(folder, 'raw') })],
      [x, y],
    )
    const { feeds } = await dataset.load(0)
    expect(feeds.x!.data).toEqual(Float32Array.of(2, 5, 1, 4, 10, 3).map((level) => level / 255))
    expect((await dataset.load(1)).feeds.y!.data).toEqual(Float32Array.of(1, -1))
  })

  it('has another digest when an input is prepared in another way', async () => {
    const digest = async (more: Entry) => (await open([images(more)], [x])).digest(Uint32Array.of(0, 1, 2))
    expect(await digest({})).toBe(await digest({ color_space: 'BGR' }))
    expect(await digest({})).not.toBe(await digest({ color_space: 'RGB' }))
  })

  it('needs one entry for each input', async () => {
    const refused = async (...entries: Entry[]) => {
      const error = await source(entries, [x, y]).catch(({ message }: Error) => message)
      return String(error)
    }
    expect(await refused({ ...arrays(), input_name: 'z' })).toContain('the model has no input "z"; expected "x" or "y"')
    expect(await refused(arrays())).toContain('expected one entry for each input, got none for "x"')
    expect(await refused(images(), images(), arrays())).toContain('expected one entry for each input, got 2 for "x"')
  })

  it('refuses a folder that is not there, or holds no such files', async () => {
    await expect(source([arrays({ data_dir: '/nowhere' })], [y])).rejects.toThrow(
      'data_dir of "y": /nowhere cannot be read',
    )
    const empty = path.join(folder, 'images')
    await expect(source([arrays({ data_dir: empty, quant_data_format: 'Bin' })], [y])).rejects.toThrow(
      `no files in ${empty}: expected files ending in ".bin"`,
    )
  })

  it.each<[Entry, string]>([
    [{ colour_space: 'RGB' }, 'entry 1: unknown key "colour_space"; did you mean "color_space"?'],
    [{ color_space: 'RBG' }, 'entry 1, "color_space": expected "BGR", "RGB", "GRAY" or "Gray", got "RBG"'],
    [{ mean: [1, 2, 3] }, 'entry 1: mean and std go together: give both or neither'],
    [{ quant_data_format: 'Text' }, 'entry 1, "quant_data_format": expected "Image", "Numpy" or "Bin"'],
    [{ padding_constant_value: 256 }, 'entry 1, "padding_constant_value": '],
    [{ data_dir: '' }, 'entry 1, "data_dir": expected the path of a folder'],
  ])('refuses %j', async (more, message) => {
    await expect(source([images(more)], [x])).rejects.toThrow(message)
  })
})
