// One suite for every format: the same five samples, written in each way that a format has, are the same samples.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Table, tableToIPC, vectorFromArray } from 'apache-arrow'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import { formatNamed, formatOf, formats } from '../../../src/dataset/formats/registry.js'
import type { OpenedDataset } from '../../../src/dataset/opened.js'
import type { FormatName } from '../../../src/dataset/source.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'
import { npyBytes } from './npyFile.js'
import { tarBytes } from './tarFile.js'
import { storedZip } from './zipFile.js'

/** Pictures of 2x2 in HWC, whose 12 levels are also the numbers of the other formats. */
const input: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 2, 2, 3] }
const image = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined } as const
const SAMPLES = 5
const numbers = (i: number) => Float32Array.from({ length: 12 }, (_, k) => 12 * i + k)
const all = Float32Array.from({ length: 12 * SAMPLES }, (_, k) => k)
const bytesOf = (array: Float32Array) => new Uint8Array(array.buffer)

/** The bytes of a file that is sample i. */
const sampleFile: Partial<Record<FormatName, (i: number) => Uint8Array | Promise<Uint8Array>>> = {
  image: (i) =>
    sharp(Buffer.from(numbers(i)), { raw: { width: 2, height: 2, channels: 3 } })
      .png()
      .toBuffer(),
  npy: (i) => npyBytes('<f4', [2, 2, 3], numbers(i)),
  npz: (i) => storedZip({ 'x.npy': npyBytes('<f4', [1, 2, 2, 3], numbers(i)) }),
  bin: (i) => bytesOf(numbers(i)),
}

/** The bytes of a file that holds all samples. Parquet has no writer here: pyarrow made the fixture, with the same numbers. */
const rowsFile: Partial<Record<FormatName, () => Uint8Array | undefined>> = {
  npy: () => npyBytes('<f4', [SAMPLES, 2, 2, 3], all),
  npz: () => storedZip({ 'x.npy': npyBytes('<f4', [SAMPLES, 2, 2, 3], all) }),
  arrow: () => tableToIPC(listTable(), 'file'),
  parquet: () => undefined,
  tar: () => tarBytes(Array.from({ length: SAMPLES }, (_, i) => [`${i}.npy`, npyBytes('<f4', [2, 2, 3], numbers(i))])),
}

function listTable(): Table {
  return new Table({ x: vectorFromArray(Array.from({ length: SAMPLES }, (_, i) => [...numbers(i)])) })
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-formats-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, bytes)
  return file
}

const open = (target: string) => openDataset({ kind: 'path', path: target, image }, [input])

/** The samples, in the order of their numbers; opened here, and again as a worker opens them. */
async function requireSamples(dataset: OpenedDataset, size = SAMPLES): Promise<void> {
  const again = await openDataset(structuredClone(dataset.source), [input])
  for (const opened of [dataset, again]) {
    expect(opened.size).toBe(size)
    for (const i of [size - 1, 0, 1]) {
      const { feeds } = await opened.load(i % size)
      expect(feeds.x).toEqual({ type: 'float32', dims: [1, 2, 2, 3], data: numbers(i % size) })
    }
  }
  const everything = Uint32Array.from({ length: size }, (_, i) => i)
  const digest = await dataset.digest(everything)
  expect(digest).toMatch(/^[0-9a-f]{64}$/)
  expect(await again.digest(everything)).toBe(digest)
  await Promise.all([dataset.close(), again.close()])
}

it('has every format under its own name and extensions, in any case of letters', () => {
  const extensions = formats.flatMap((format) => format.extensions)
  expect(new Set(extensions).size).toBe(extensions.length)
  for (const format of formats) {
    expect(formatNamed(format.name)).toBe(format)
    for (const extension of format.extensions) {
      expect(formatOf(`a${extension}`)).toBe(format)
      expect(formatOf(`a${extension.toUpperCase()}`)).toBe(format)
    }
    expect(format.sample ?? format.rows).toBeDefined()
  }
})

describe.each(formats)('$name', ({ name, extensions, sample, rows }) => {
  if (sample !== undefined) {
    const bytes = sampleFile[name]!
    const each = async (prefix: string, stem: (i: number) => string) => {
      for (let i = 0; i < SAMPLES; i++) write(`${prefix}/${stem(i)}${extensions[0]}`, await bytes(i))
    }

    it('one file a sample: a folder, in the order of the names', async () => {
      await each(`${name}-folder`, (i) => `s${i}`)
      await requireSamples(await open(path.join(folder, `${name}-folder`)))
    })

    it('one file a sample: class folders', async () => {
      await each(`${name}-classes`, (i) => `${i < 3 ? 'ant' : 'bee'}/s${i}`)
      const dataset = await open(path.join(folder, `${name}-classes`))
      const classOf = await dataset.classes!()
      expect([0, 1, 2, 3, 4].map(classOf)).toEqual([0, 0, 0, 1, 1])
      await requireSamples(dataset)
    })

    it('one file a sample: a list with labels', async () => {
      await each(`${name}-list`, (i) => `s${i}`)
      const lines = [0, 1, 2, 3, 4].map((i) => `s${i}${extensions[0]} ${10 + i}\n`)
      const dataset = await open(write(`${name}-list/list.txt`, lines.join('')))
      expect((await dataset.load(2)).label).toBe(12)
      await requireSamples(dataset)
    })

    it('a sample that is cut short, or empty, is an error that names it', async () => {
      for (const [i, part] of [(await bytes(0)).slice(0, 30), new Uint8Array(0)].entries()) {
        const file = write(`${name}-cut-${i}/s0${extensions[0]}`, part)
        const dataset = await open(path.dirname(file))
        await expect(dataset.load(0)).rejects.toMatchObject({
          code: 'DATA',
          message: expect.stringContaining(`"s0${extensions[0]}"`),
        })
      }
    })
  }

  if (rows !== undefined) {
    const fileOf = () => {
      const bytes = rowsFile[name]!()
      return bytes === undefined
        ? new URL('fixtures/lists.parquet', import.meta.url).pathname
        : write(`${name}-rows${extensions[0]}`, bytes)
    }

    it('a file of many samples', async () => {
      await requireSamples(await open(fileOf()))
    })

    it('a file that is cut short, or empty, is an error that names it', async () => {
      for (const part of [new Uint8Array(20), new Uint8Array(0)]) {
        const file = write(`${name}-cut${extensions[0]}`, part)
        await expect(open(file)).rejects.toMatchObject({ code: 'DATA', message: expect.stringContaining(file) })
      }
    })
  }
})
