import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Pax } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'
import { npyBytes } from './npyFile.js'
import { type TarMember, tarBytes } from './tarFile.js'

const image = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined } as const
const input = (name: string): ModelInput => ({ name, dataType: DataType.FLOAT, dims: ['n', 3] })
const array = (...values: number[]) => npyBytes('<f4', [3], Float32Array.from(values))
const label = (text: string) => Buffer.from(text)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-tar-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, bytes)
  return file
}

const open = (at: string, inputs = [input('x')]) => openDataset({ kind: 'path', path: at, image }, inputs)

describe('tar files in the layout of WebDataset', () => {
  it('are one dataset over all shards of a folder, with labels', async () => {
    const shard = (from: number): TarMember[] =>
      [from, from + 1].flatMap((i) => [
        [`a/${i}.cls`, label(`${i % 3}\n`)],
        [`a/${i}.npy`, array(i, i, i)],
        [`a/${i}.json`, label('{}')],
      ])
    write('shards/s-0.tar', tarBytes(shard(0)))
    write('shards/s-1.tar', tarBytes(shard(7)))
    const dataset = await open(path.join(folder, 'shards'))
    expect(dataset.size).toBe(4)
    expect(Array.from({ length: 4 }, (_, i) => dataset.id(i))).toEqual([
      's-0.tar/a/0',
      's-0.tar/a/1',
      's-1.tar/a/7',
      's-1.tar/a/8',
    ])
    const { feeds, label: found } = await dataset.load(3)
    expect([...feeds.x!.data, found]).toEqual([8, 8, 8, 2])
    const classOf = await dataset.classes!()
    expect([0, 1, 2, 3].map(classOf)).toEqual([0, 1, 1, 2])
    const again = await openDataset(structuredClone(dataset.source), [input('x')])
    expect((await again.load(1)).label).toBe(1)
  })

  it('feed several inputs by their names', async () => {
    const file = write(
      'two.tar',
      tarBytes([
        ['0.left.npy', array(1, 2, 3)],
        ['0.right.npy', array(4, 5, 6)],
      ]),
    )
    const { feeds } = await (await open(file, [input('right'), input('left')])).load(0)
    expect([...feeds.left!.data, ...feeds.right!.data]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('may have names that are longer than a header holds', async () => {
    const long = `${'folder/'.repeat(40)}7`
    const pax = new Pax({ path: `${long}.npy` }).encode()
    const rest = tarBytes([['short.npy', array(1, 2, 3)]])
    const dataset = await open(write('long.tar', Buffer.concat([pax, rest])))
    expect(dataset.id(0)).toBe(long)
  })

  it.each([
    [
      'cut short',
      () => tarBytes([['0.npy', array(1, 2, 3)]]).subarray(0, 600),
      /short\.tar cannot be read: it is cut short: "0\.npy" needs/,
    ],
    ['no tar file', () => Buffer.alloc(2048, 65), /it is not a tar file/],
    ['without data', () => tarBytes([['0.cls', label('1')]]), /expected a member 0\.EXT .*; sample "0" has "cls"/],
    [
      'with a sample that lacks a member',
      () =>
        tarBytes([
          ['0.npy', array(1, 2, 3)],
          ['0.cls', label('1')],
          ['1.npy', array(1, 2, 3)],
        ]),
      /sample "1" has no member 1\.cls, which the first sample has/,
    ],
    ['empty', () => tarBytes([]), /holds no samples/],
  ])('that are %s are refused', async (_, bytes, message) => {
    await expect(open(write('short.tar', bytes()))).rejects.toThrow(message)
  })

  it('with a label that is no number name the sample', async () => {
    const dataset = await open(
      write(
        'label.tar',
        tarBytes([
          ['0.npy', array(1, 2, 3)],
          ['0.cls', label('cat')],
        ]),
      ),
    )
    await expect(dataset.load(0)).rejects.toThrow(/sample "0": label "NaN" is not a class index/)
  })
})
