import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Field, FixedSizeList, Float32, Table, tableFromArrays, tableToIPC, vectorFromArray } from 'apache-arrow'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import type { OpenedDataset } from '../../../src/dataset/opened.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname
const image = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined } as const
const picture: ModelInput = { name: 'picture', dataType: DataType.UINT8, dims: [1, 3, 2, 2] }
const x: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 3, 4] }
const opened: OpenedDataset[] = []
const open = async (file: string, inputs: readonly ModelInput[]) => {
  const dataset = await openDataset({ kind: 'path', path: file, image }, inputs)
  opened.push(dataset)
  return dataset
}
afterEach(() => Promise.all(opened.splice(0).map((dataset) => dataset.close())))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-tables-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a table', () => {
  it.each([
    ['images.parquet', 'zstd, bytes'],
    ['structs.parquet', 'snappy, { bytes, path } structs, page index'],
    ['stream.arrow', 'an Arrow stream'],
  ])('%s gives encoded images (%s)', async (name) => {
    const dataset = await open(fixture(name), [picture])
    expect(dataset.size).toBe(5)
    for (const i of [0, 4, 1, 3, 2]) {
      const { feeds, label } = await dataset.load(i)
      const levels = [10 * i, 10 * i + 1, 10 * i + 2]
      expect([...feeds.picture!.data]).toEqual(levels.flatMap((level) => [level, level, level, level]))
      expect(label).toBe(i % 2)
    }
    expect(dataset.metric?.name).toBe('top-1')
  })

  it.each(['lists.parquet', 'lists.feather'])('%s gives numbers', async (name) => {
    const dataset = await open(fixture(name), [x])
    for (const i of [4, 0, 2]) {
      const { feeds, label } = await dataset.load(i)
      expect(feeds.x).toEqual({
        type: 'float32',
        data: Float32Array.from({ length: 12 }, (_, k) => 12 * i + k),
        dims: [1, 3, 4],
      })
      expect(label).toBe(i % 2)
    }
    const classOf = await dataset.classes?.()
    expect([0, 1, 2, 3, 4].map((i) => classOf?.(i))).toEqual([0, 1, 0, 1, 0])
  })

  it('names samples by its id column, else by row', async () => {
    const named = await open(fixture('lists.feather'), [x])
    expect([named.id(0), named.id(4)]).toEqual(['row-9', 'row-5'])
    const again = await openDataset(structuredClone(named.source), [x])
    expect(again.id(3)).toBe('row-6')
    expect((await open(fixture('images.parquet'), [picture])).id(1)).toBe('row-8')
    expect((await open(fixture('lists.parquet'), [x])).id(1)).toBe('00000001')
  })

  it('reads blocks of LZ4 that refer to earlier ones', async () => {
    const dataset = await open(fixture('large.feather'), [{ ...x, dims: [1, 20000] }])
    const { data } = (await dataset.load(1)).feeds.x!
    expect(Array.from(data, Number).every((value, i) => value === i % 500)).toBe(true)
  })

  it('may be split into files: rows follow one another in the order of the file names', async () => {
    const parts = mkdtempSync(path.join(folder, 'parts-'))
    for (const name of ['part-1.parquet', 'part-0.parquet'])
      copyFileSync(fixture('lists.parquet'), path.join(parts, name))
    const dataset = await open(parts, [x])
    expect(dataset.size).toBe(10)
    expect([dataset.id(4), dataset.id(5)]).toEqual(['part-0.parquet/00000004', 'part-1.parquet/00000000'])
    expect((await dataset.load(7)).feeds.x?.data[0]).toBe(24)
    expect((await dataset.classes?.())?.(6)).toBe(1)
    expect(await dataset.digest(Uint32Array.of(1))).not.toBe(await dataset.digest(Uint32Array.of(6)))
  })

  it.each(['file', 'stream'] as const)('is read as apache-arrow writes it: %s', async (format) => {
    const type = new FixedSizeList(2, new Field('item', new Float32()))
    const list = vectorFromArray(
      [
        [1, 2],
        [3, 4],
      ],
      type,
    )
    const file = path.join(folder, `${format}.arrow`)
    writeFileSync(
      file,
      tableToIPC(new Table({ v: list, label: vectorFromArray([7n, 8n]), id: vectorFromArray(['b', 'a']) }), format),
    )
    const dataset = await open(file, [{ ...x, dims: [1, 2] }])
    expect([dataset.id(0), dataset.id(1)]).toEqual(['b', 'a'])
    const { feeds, label } = await dataset.load(1)
    expect([feeds.x?.data, label]).toEqual([Float32Array.of(3, 4), 8])
  })

  it('is refused when no column feeds the model', async () => {
    const file = path.join(folder, 'labels.arrow')
    writeFileSync(file, tableToIPC(tableFromArrays({ label: Int32Array.of(1, 0), id: ['b', 'a'] }), 'stream'))
    await expect(open(file, [x])).rejects.toThrow(
      `${file} has no column for input "x": expected one of this name, or a single one, with encoded images or lists of numbers; it has nothing of 2 columns`,
    )
  })

  it('is refused when rows do not fit the input, naming the sample', async () => {
    const dataset = await open(fixture('lists.feather'), [{ ...x, dims: [1, 5] }])
    await expect(dataset.load(0)).rejects.toThrow(
      'sample "row-9": column "x" has 12 numbers, expected 5 for dims [1, 5]',
    )
    const integers = await open(fixture('lists.parquet'), [{ ...x, dataType: DataType.INT32 }])
    expect((await integers.load(1)).feeds.x?.data).toEqual(Int32Array.from({ length: 12 }, (_, k) => 12 + k))
  })

  it.each(['images.parquet', 'lists.feather', 'stream.arrow'])('is refused when it is cut short: %s', async (name) => {
    const bytes = readFileSync(fixture(name))
    const file = path.join(folder, `cut-${name}`)
    writeFileSync(file, bytes.subarray(0, bytes.length - (name.startsWith('stream') ? 40 : 300)))
    await expect(open(file, [picture])).rejects.toThrow(/is not in (Parquet|Arrow IPC) format, or is cut short/)
  })
})
