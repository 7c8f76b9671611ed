import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import { decodeLz4Frame } from '../../../src/dataset/formats/tables/lz4Frame.js'
import type { OpenedDataset } from '../../../src/dataset/opened.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'
import { npyBytes } from './npyFile.js'

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname
const image = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined } as const
const x: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 3, 2, 2] }
const flat: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: [1, 12] }
const opened: OpenedDataset[] = []
const open = async (file: string, inputs: readonly ModelInput[] = [flat]) => {
  const dataset = await openDataset({ kind: 'path', path: file, image }, inputs)
  opened.push(dataset)
  return dataset
}
afterEach(() => Promise.all(opened.splice(0).map((dataset) => dataset.close())))
const row = (i: number) => Float32Array.from({ length: 12 }, (_, k) => 12 * i + k)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-arrays-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(path.join(folder, name), bytes)
  return path.join(folder, name)
}

describe('one .npy file', () => {
  const numbers = Float32Array.from({ length: 60 }, (_, i) => i)

  it('gives one sample a row, with or without a batch axis of its own', async () => {
    for (const shape of [
      [5, 3, 2, 2],
      [5, 1, 3, 2, 2],
    ]) {
      const dataset = await open(file('rows.npy', npyBytes('<f4', shape, numbers)), [x])
      expect([dataset.size, dataset.id(0), dataset.id(4)]).toEqual([5, '00000000', '00000004'])
      for (const i of [3, 0, 4]) {
        expect((await dataset.load(i)).feeds.x).toEqual({ type: 'float32', data: row(i), dims: [1, 3, 2, 2] })
      }
      await dataset.close()
    }
  })

  it('has a digest of the rows that take part', async () => {
    const changed = numbers.slice()
    changed[59] = -1
    const a = await open(file('a.npy', npyBytes('<f4', [5, 12], numbers)))
    const b = await open(file('b.npy', npyBytes('<f4', [5, 12], changed)))
    const digests = async (dataset: typeof a) => [
      await dataset.digest(Uint32Array.of(0, 3)),
      await dataset.digest(Uint32Array.of(4)),
    ]
    const [first, second] = [await digests(a), await digests(b)]
    expect(first[0]).toBe(second[0])
    expect(first[1]).not.toBe(second[1])
    await Promise.all([a.close(), b.close()])
  })

  it.each<[string, Uint8Array, string]>([
    [
      'rows of another rank',
      npyBytes('<f4', [60], numbers),
      'has shape [60], expected [60, ...] with one row a sample',
    ],
    ['fewer bytes than its shape', npyBytes('<f4', [6, 12], numbers), 'is cut short: 240 bytes of data, expected 288'],
    ['no rows', npyBytes('<f4', [0, 12], new Float32Array(0)), 'holds no samples'],
    ['no numpy header', Buffer.from('hello'), 'does not begin as an .npy file'],
  ])('is refused with its name: %s', async (_, bytes, message) => {
    const bad = file('bad.npy', bytes)
    await expect(open(bad)).rejects.toThrow(message)
    await expect(open(bad)).rejects.toThrow(bad)
  })
})

describe('an .npz file', () => {
  it('is read in place where numpy.savez wrote it', async () => {
    const dataset = await open(fixture('stored.npz'))
    expect((await dataset.load(3)).feeds.x?.data).toEqual(row(3))
    expect(await Promise.all([0, 1, 2].map(async (i) => (await dataset.load(i)).label))).toEqual([0, 1, 0])
    expect((await dataset.classes?.())?.(1)).toBe(1)
    expect(JSON.stringify(dataset.source)).toContain('"start"')
    await dataset.close()
  })

  it('is unpacked once where numpy.savez_compressed wrote it, and shared with other threads', async () => {
    const mask: ModelInput = { name: 'mask', dataType: DataType.BOOL, dims: [1] }
    const dataset = await open(fixture('deflated.npz'), [flat, mask])
    const again = await openDataset(structuredClone(dataset.source), [flat, mask])
    for (const one of [dataset, again]) {
      const { feeds } = await one.load(4)
      expect(feeds.x?.data).toEqual(row(4))
      expect(feeds.mask).toEqual({ type: 'bool', data: Uint8Array.of(1), dims: [1] })
      expect(feeds.x?.data.buffer).toBeInstanceOf(ArrayBuffer)
    }
    expect(await again.digest(Uint32Array.of(1))).toBe(await dataset.digest(Uint32Array.of(1)))
    await Promise.all([dataset.close(), again.close()])
  })

  it('feeds the only input with the only array, whatever its name', async () => {
    const dataset = await open(fixture('stored.npz'), [{ ...flat, name: 'pixels' }])
    expect((await dataset.load(1)).feeds.pixels?.data).toEqual(row(1))
    await dataset.close()
  })

  it('is refused when an array is missing, or when it is no ZIP file', async () => {
    await expect(open(fixture('stored.npz'), [flat, { ...flat, name: 'y2' }])).rejects.toThrow(
      'has no array "y2" for the input of this name; it has "labels" and "x"',
    )
    const bytes = readFileSync(fixture('stored.npz'))
    await expect(open(file('cut.npz', bytes.subarray(0, 300)))).rejects.toThrow(
      'cut.npz (-d): is no ZIP file, or is cut short',
    )
    const damaged = Buffer.from(readFileSync(fixture('deflated.npz')))
    damaged.fill(0xff, 60, 90)
    await expect(open(file('damaged.npz', damaged))).rejects.toThrow('cannot be unpacked')
  })

  it('can be one sample of a folder', async () => {
    const inner = mkdtempSync(path.join(folder, 'npz-'))
    writeFileSync(path.join(inner, 's.npz'), readFileSync(fixture('stored.npz')))
    const dataset = await open(inner, [{ ...flat, dims: [5, 12] }])
    expect((await dataset.load(0)).feeds.x?.data.length).toBe(60)
  })
})

describe('LZ4 frames', () => {
  it('are refused when they are none, or cut short', () => {
    expect(() => decodeLz4Frame(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toThrow('not an LZ4 frame')
  })
})
