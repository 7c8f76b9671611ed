import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'
import { npyBytes } from './npyFile.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squire-data-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const image = { colorSpace: 'RGB', mean: undefined, std: undefined, paddingConstantValue: undefined } as const
const picture: ModelInput = { name: 'picture', dataType: DataType.FLOAT, dims: [1, 3, 2, 2] }
const vector: ModelInput = { name: 'vector', dataType: DataType.FLOAT, dims: ['n', 3] }
const other: ModelInput = { name: 'a/other', dataType: DataType.INT64, dims: [1, 1] }

const open = (target = folder, inputs: readonly ModelInput[] = [vector]) =>
  openDataset({ kind: 'path', path: target, image }, inputs)

function write(name: string, bytes: Uint8Array | string = npyBytes('<f4', [3], Float32Array.of(1, 2, 3))): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), bytes)
}

const idsOf = (dataset: { size: number; id(index: number): string }) =>
  Array.from({ length: dataset.size }, (_, i) => dataset.id(i))

describe('a folder of files', () => {
  it('gives one sample a file, in the order of their names by code unit', async () => {
    for (const name of ['b.npy', 'B.npy', 'a10.npy', 'a9.npy', 'ä.npy', '\u{1f600}.npy', '\uff5e.npy']) write(name)
    write('notes.md', 'not data')
    write('.hidden.npy', 'not data')
    const dataset = await open()
    const expected = ['b.npy', 'B.npy', 'a10.npy', 'a9.npy', 'ä.npy', '\u{1f600}.npy', '\uff5e.npy'].sort()
    expect(idsOf(dataset)).toEqual(expected)
    expect(dataset.metric).toBeUndefined()
    expect(dataset.classes).toBeUndefined()
  })

  it('takes class subfolders for labels', async () => {
    for (const name of ['dog/1.npy', 'cat/1.npy', 'cat/2.npy', 'Zebra/x.npy']) write(name)
    const dataset = await open()
    expect(idsOf(dataset)).toEqual(['Zebra/x.npy', 'cat/1.npy', 'cat/2.npy', 'dog/1.npy'])
    const labels = await Promise.all([0, 1, 2, 3].map(async (i) => (await dataset.load(i)).label))
    expect(labels).toEqual([0, 1, 1, 2])
    const classOf = await dataset.classes?.()
    expect([0, 1, 2, 3].map((i) => classOf?.(i))).toEqual(labels)
    expect(dataset.metric?.name).toBe('top-1')
  })

  it('keeps labels and names together where a folder name sorts differently from its path', async () => {
    // "a" < "a-b", but "a-b/1.npy" < "a/1.npy".
    for (const name of ['a/1.npy', 'a-b/1.npy']) write(name)
    const dataset = await open()
    expect(idsOf(dataset)).toEqual(['a-b/1.npy', 'a/1.npy'])
    expect([(await dataset.load(0)).label, (await dataset.load(1)).label]).toEqual([1, 0])
  })

  it('takes a subfolder for each of several inputs, paired by name', async () => {
    for (const [i, name] of ['x', 'y'].entries()) {
      write(`vector/${name}.npy`, npyBytes('<f8', [1, 3], Float64Array.of(i, i, i)))
      write(`a_other/${name}.bin`, new Uint8Array(BigInt64Array.of(BigInt(i)).buffer))
    }
    const dataset = await open(folder, [vector, other])
    expect(idsOf(dataset)).toEqual(['x', 'y'])
    const { feeds } = await dataset.load(1)
    expect(feeds.vector).toEqual({ type: 'float32', data: Float32Array.of(1, 1, 1), dims: [1, 3] })
    expect(feeds['a/other']?.data).toEqual(BigInt64Array.of(1n))
  })

  it('passes over the folder that the run writes to', async () => {
    for (const name of ['flat/1.npy', 'flat/out/stats.arrow', 'classes/cat/1.npy', 'classes/cat/out/1.npy']) write(name)
    const into = async (name: string, output: string) => {
      const source = { kind: 'path', path: path.join(folder, name), image, output: path.join(folder, output) } as const
      return idsOf(await openDataset(source, [vector]))
    }
    expect(await into('flat', 'flat/out')).toEqual(['1.npy'])
    expect(await into('classes', 'classes/cat/out')).toEqual(['cat/1.npy'])
    await expect(into('flat', 'elsewhere')).rejects.toThrow('beside subfolders ("out")')
  })

  it('follows links', async () => {
    write('real/1.npy')
    mkdirSync(path.join(folder, 'links'))
    symlinkSync(path.join(folder, 'real/1.npy'), path.join(folder, 'links/2.npy'))
    expect(idsOf(await open(path.join(folder, 'links')))).toEqual(['2.npy'])
  })

  it('is the same dataset in another thread, without being listed again', async () => {
    for (const name of ['cat/1.npy', 'dog/1.npy']) write(name)
    const dataset = await open()
    // What a message to a worker does. The listing is in shared memory: new files do not get in.
    const source = structuredClone(dataset.source)
    write('ape/0.npy')
    const again = await openDataset(source, [vector])
    expect(idsOf(again)).toEqual(idsOf(dataset))
    expect((await again.load(1)).label).toBe(1)
    expect(await again.digest(Uint32Array.of(0, 1))).toBe(await dataset.digest(Uint32Array.of(0, 1)))
    expect(JSON.stringify(source).length).toBeLessThan(1000)
  })

  it('has a digest of the content, not of the place', async () => {
    write('one/1.npy')
    write('two/1.npy')
    write('three/1.npy', npyBytes('<f4', [3], Float32Array.of(1, 2, 4)))
    write('four/2.npy')
    const digest = async (name: string) => (await open(path.join(folder, name))).digest(Uint32Array.of(0))
    expect(await digest('two')).toBe(await digest('one'))
    expect(await digest('three')).not.toBe(await digest('one'))
    expect(await digest('four')).not.toBe(await digest('one'))
    const gray = await openDataset({ kind: 'path', path: path.join(folder, 'one'), image: { ...image, mean: [1] } }, [
      vector,
    ])
    expect(await gray.digest(Uint32Array.of(0))).not.toBe(await digest('one'))
  })

  it.each<[string, readonly string[], string, readonly ModelInput[]]>([
    ['nothing in it', [], 'no samples in', [vector]],
    ['nothing it knows', ['a.md'], 'expected files ending in ".jpg"', [vector]],
    ['empty class folders', ['cat/a.md'], 'no samples in', [vector]],
    ['two kinds', ['a.npy', 'b.jpg'], 'mixes kinds of samples', [vector]],
    ['files beside folders', ['a.npy', 'cat/a.npy'], 'beside subfolders ("cat")', [vector]],
    ['folders in class folders', ['cat/a.npy', 'cat/more/a.npy'], 'has a subfolder "more"', [vector]],
    [
      'one file for two inputs',
      ['a.npy'],
      'the model has 2 inputs: expected a folder with a subfolder for each ("vector", "a_other")',
      [vector, other],
    ],
    ['inputs without partners', ['vector/x.npy', 'a_other/y.npy'], 'sample "x" is in', [vector, other]],
    [
      'inputs of unequal number',
      ['vector/x.npy', 'a_other/x.npy', 'a_other/y.npy'],
      'sample "y" is in',
      [vector, other],
    ],
  ])('is refused with the reason: %s', async (_, names, message, inputs) => {
    for (const name of names) write(name)
    await expect(open(folder, inputs)).rejects.toMatchObject({ name: 'SquireError', code: 'DATA' })
    await expect(open(folder, inputs)).rejects.toThrow(message)
  })

  it('is named when it is not there, or no data', async () => {
    await expect(open(path.join(folder, 'nowhere'))).rejects.toThrow(`${folder}/nowhere (-d): no such file or folder`)
    write('data.csv')
    await expect(open(path.join(folder, 'data.csv'))).rejects.toThrow('is no data that squire reads')
  })
})

describe('one sample a file', () => {
  it('takes a single image as a dataset of one', async () => {
    const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: { r: 1, g: 2, b: 3 } } })
      .png()
      .toBuffer()
    write('a.PNG', png)
    const dataset = await open(path.join(folder, 'a.PNG'), [picture])
    expect(idsOf(dataset)).toEqual(['a.PNG'])
    expect([...(await dataset.load(0)).feeds.picture!.data]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
  })

  it('converts .npy elements to the type of the input where nothing is lost', async () => {
    write('a.npy', npyBytes('<f2', [3], Uint16Array.of(0x3c00, 0xc000, 0x3800)))
    write('b.npy', npyBytes('<i8', [1, 3], BigInt64Array.of(-1n, 2n, 3n)))
    write('c.npy', npyBytes('|b1', [3], Uint8Array.of(1, 0, 1)))
    const dataset = await open()
    expect([...(await dataset.load(0)).feeds.vector!.data]).toEqual([1, -2, 0.5])
    expect([...(await dataset.load(1)).feeds.vector!.data]).toEqual([-1, 2, 3])
    expect([...(await dataset.load(2)).feeds.vector!.data]).toEqual([1, 0, 1])
    const bytes = await open(folder, [{ ...vector, dataType: DataType.INT8 }])
    expect((await bytes.load(1)).feeds.vector?.data).toEqual(Int8Array.of(-1, 2, 3))
    await expect(bytes.load(0)).rejects.toThrow('sample "a.npy": input "vector" is int8, but the data are float16')
  })

  it.each<[string, Uint8Array, string]>([
    ['big-endian', npyBytes('>f4', [3], new Float32Array(3)), 'has big-endian elements'],
    ['in Fortran order', npyBytes('<f4', [1, 3], new Float32Array(3), 'True'), 'is in Fortran order'],
    ['of text', npyBytes('<U5', [3], new Uint8Array(60)), "has elements of type '<U5'"],
    ['no .npy file', Buffer.from('not numpy at all'), 'does not begin as an .npy file'],
    ['cut short', npyBytes('<f4', [3], new Float32Array(2)), 'is cut short: 8 bytes of data, expected 3 of float32'],
    [
      'of another shape',
      npyBytes('<f4', [4], new Float32Array(4)),
      'input 0 "vector" has dims [1, 4], expected [n, 3]',
    ],
    ['not finite', npyBytes('<f4', [3], Float32Array.of(0, Number.NaN, 0)), 'has a NaN or infinite value at element 1'],
    ['empty', Buffer.alloc(0), 'does not begin as an .npy file'],
  ])('names the sample whose file is %s', async (_, bytes, message) => {
    write('good.npy')
    write('bad.npy', bytes)
    const dataset = await open()
    await expect(dataset.load(0)).rejects.toMatchObject({ name: 'SquireError', code: 'DATA' })
    await expect(dataset.load(0)).rejects.toThrow('sample "bad.npy"')
    await expect(dataset.load(0)).rejects.toThrow(message)
    await expect(dataset.load(1)).resolves.toBeDefined()
  })

  it('names a sample that went away', async () => {
    write('a.npy')
    const dataset = await open()
    rmSync(path.join(folder, 'a.npy'))
    await expect(dataset.load(0)).rejects.toThrow('sample "a.npy": there is no file')
  })

  it("gives .bin files the model's shape", async () => {
    write('a.bin', new Uint8Array(Float32Array.of(1, 2, 3).buffer))
    write('b.bin', new Uint8Array(8))
    const dataset = await open()
    expect((await dataset.load(0)).feeds.vector).toEqual({
      type: 'float32',
      data: Float32Array.of(1, 2, 3),
      dims: [1, 3],
    })
    await expect(dataset.load(1)).rejects.toThrow('sample "b.bin": has 8 bytes, expected 12 for float32 [1, 3]')
    const batch = await open(folder, [{ ...vector, dims: [4, 3] }])
    expect((await batch.load(0)).feeds.vector?.dims).toEqual([1, 3])
    await expect(open(folder, [{ ...vector, dims: [1, 'length'] }])).rejects.toThrow('they have no shape')
  })
})

describe('a text file that lists paths', () => {
  const list = (text: string) => {
    write('list.txt', text)
    return open(path.join(folder, 'list.txt'))
  }

  it('gives the files it names, with labels where it has them', async () => {
    write('data/one two.npy')
    write('data/b.npy')
    const labelled = await list('# my list\ndata/one two.npy 17\r\n\ndata/b.npy\t3\n')
    expect(idsOf(labelled)).toEqual(['data/b.npy', 'data/one two.npy'])
    expect([(await labelled.load(0)).label, (await labelled.load(1)).label]).toEqual([3, 17])
    const plain = await list(`data/one two.npy\n${path.join(folder, 'data/b.npy')}`)
    expect((await plain.load(0)).feeds.vector?.data).toEqual(Float32Array.of(1, 2, 3))
    expect(plain.metric).toBeUndefined()
  })

  it.each([
    ['', 'lists no samples'],
    ['a.npy 1\nb.npy', 'line 2: has no label, as the lines before have'],
    ['a.npy\nb.npy 1', 'line 2: has a label, unlike the lines before'],
    ['a.npy\nb.jpg', 'line 2: "b.jpg" is of another kind'],
    ['a.npy\nb.csv', 'line 2: "b.csv" is no image'],
    ['a.npy\nb.npy\na.npy', 'lists the same path twice, as entries 1 and 3'],
  ])('is refused with the line: %j', async (text, message) => {
    await expect(list(text)).rejects.toThrow(message)
  })
})
