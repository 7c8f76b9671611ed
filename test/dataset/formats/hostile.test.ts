// Files that lie about what is in them, or are no files: each is an error at once, without the memory that they ask for.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readMix } from '../../../src/config/mix.js'
import { readRunConfig } from '../../../src/config/runConfig.js'
import { openDataset } from '../../../src/dataset/datasets.js'
import { decodeLz4Frame } from '../../../src/dataset/formats/tables/lz4Frame.js'
import { chipProfile } from '../../../src/fixedpoint/chip.js'
import { encodeModel, readModel } from '../../../src/onnx/model.js'
import { DataType } from '../../../src/onnx/types.js'
import { rebuiltReport } from '../../../src/report/rebuild.js'
import { temporaryFolder } from '../../e2e/squire.js'
import { model, node } from '../../onnx/models.js'
import { npyBytes } from './npyFile.js'
import { storedZip } from './zipFile.js'

const folder = temporaryFolder()
const file = (name: string, bytes: Uint8Array | string) => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
const image = { colorSpace: 'BGR' as const, mean: undefined, std: undefined, paddingConstantValue: undefined }
const inputs = [{ name: 'x', dataType: DataType.FLOAT, dims: [1, 4] }]
const open = (path: string) => openDataset({ kind: 'path', path, image }, inputs)
const pipe = (path: string) => {
  execFileSync('mkfifo', [path])
  return path
}

describe('a pipe', () => {
  test('given as data is refused', async () => {
    await expect(open(pipe(join(folder, 'data.npy')))).rejects.toThrow(
      'is a pipe or a device: expected a folder or a file',
    )
  })

  test('given as a model is refused', async () => {
    await expect(readModel(pipe(join(folder, 'model.onnx')))).rejects.toThrow('is a pipe or a device')
  })

  test('given as a run config, a mix or a report is refused', async () => {
    const config = pipe(join(folder, 'config.json'))
    await expect(readRunConfig(config)).rejects.toThrow('config.json is a pipe or a device, expected a regular file')
    await expect(readMix(config, chipProfile('TX5368x'), 8)).rejects.toThrow('is a pipe or a device')
    const own = join(folder, 'run')
    mkdirSync(own)
    pipe(join(own, 'report.json'))
    await expect(rebuiltReport([own])).rejects.toThrow('is a pipe or a device')
  })

  test.each(['npy', 'bin', 'jpg'])('named in a list as an .%s file is an error of its sample', async (extension) => {
    const own = join(folder, extension)
    mkdirSync(own)
    pipe(join(own, `a.${extension}`))
    writeFileSync(join(own, 'list.txt'), `a.${extension}`)
    const input = { name: 'x', dataType: DataType.FLOAT, dims: extension === 'jpg' ? [1, 3, 4, 4] : [1, 4] }
    const dataset = await openDataset({ kind: 'path', path: join(own, 'list.txt'), image }, [input])
    await expect(dataset.load(0)).rejects.toThrow(/sample "a\..*is a pipe or a device/)
  })

  test('that a link in a folder leads to is passed over', async () => {
    const own = join(folder, 'links')
    mkdirSync(own)
    symlinkSync(pipe(join(folder, 'end')), join(own, 'a.npy'))
    await expect(open(own)).rejects.toThrow('no samples in')
  })
})

describe('a list', () => {
  test('with a label beyond 32 bits is refused with its line', async () => {
    const path = file('list.txt', 'a.npy 4\nb.npy 4294967300\n')
    await expect(open(path)).rejects.toThrow(/list\.txt, line 2: label 4294967300 is larger than 2147483647/)
  })
})

describe('an .npz file', () => {
  const array = npyBytes('<f4', [2, 4], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  const zip = storedZip({ 'x.npy': array })
  const directory = zip.lastIndexOf(Buffer.from('PK\x01\x02'))
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(zip)
    change(bytes)
    return bytes
  }

  test('of 22 bytes whose lengths lie is no ZIP file', async () => {
    const end = Buffer.alloc(22, 0xff)
    end.writeUInt32LE(0x06054b50)
    end.writeUInt16LE(0, 20)
    await expect(open(file('lies.npz', end))).rejects.toThrow('is a damaged ZIP file')
  })

  test.each([
    ['stored', 0],
    ['deflated', 8],
  ])('whose %s entry claims 4 GB is refused', async (_, method) => {
    const bytes = changed((zip) => {
      zip.writeUInt16LE(method, directory + 10)
      zip.writeUInt32LE(0xfffffff0, directory + 24)
    })
    await expect(open(file(`claims-${method}.npz`, bytes))).rejects.toThrow(/is damaged|is a damaged ZIP file/)
  })

  test('whose packed array is larger than what is kept in memory is refused, with what to do', async () => {
    // The ratio is the largest that there is, so that the directory may be right.
    const packed = deflateRawSync(Buffer.alloc(2 ** 21))
    const bytes = storedZip({ 'x.npy': packed })
    const at = bytes.lastIndexOf(Buffer.from('PK\x01\x02'))
    bytes.writeUInt16LE(8, at + 10)
    bytes.writeUInt32LE(packed.length * 1000, at + 24)
    await expect(open(file('small.npz', bytes))).rejects.toThrow('cannot be unpacked')
    const large = storedZip({ 'x.npy': Buffer.alloc(2 ** 21) })
    const entry = large.lastIndexOf(Buffer.from('PK\x01\x02'))
    large.writeUInt16LE(8, entry + 10)
    large.writeUInt32LE(2 ** 31, entry + 24)
    await expect(open(file('large.npz', large))).rejects.toThrow('save it with numpy.savez, which does not pack')
  })

  test('whose packed array is large is unpacked to the disk, and read from there a row at a time', async () => {
    const values = new Float32Array(2 ** 25 + 8)
    values.set([1, 2, 3, 4], 2 ** 25 + 4)
    const array = npyBytes('<f4', [2 ** 23 + 2, 4], values)
    const packed = deflateRawSync(array, { level: 1 })
    const bytes = storedZip({ 'x.npy': packed })
    const at = bytes.lastIndexOf(Buffer.from('PK\x01\x02'))
    bytes.writeUInt16LE(8, at + 10)
    bytes.writeUInt32LE(array.length, at + 24)
    const path = file('packed.npz', bytes)
    const scratch = join(folder, 'scratch')
    mkdirSync(scratch)
    const dataset = await openDataset({ kind: 'path', path, image, scratch }, inputs)
    expect(readdirSync(scratch)).toHaveLength(1)
    expect((await dataset.load(2 ** 23 + 1)).feeds.x!.data).toEqual(Float32Array.of(1, 2, 3, 4))
    // Another thread opens what is there.
    const again = await openDataset(dataset.source, inputs)
    expect((await again.load(0)).feeds.x!.data).toEqual(new Float32Array(4))
    expect(readdirSync(scratch)).toHaveLength(1)
    await Promise.all([dataset.close(), again.close()])

    bytes.writeUInt32LE(array.length + 4, at + 24)
    const longer = file('longer.npz', bytes)
    await expect(openDataset({ kind: 'path', path: longer, image, scratch }, inputs)).rejects.toThrow(
      /array "x\.npy" of .*longer\.npz cannot be unpacked/,
    )
  })

  test('may call its arrays anything', async () => {
    const path = file('names.npz', storedZip({ '../constructor.npy': array }))
    expect((await (await open(path)).load(1)).feeds.x!.data).toEqual(Float32Array.of(5, 6, 7, 8))
  })
})

test('an array with more rows than squire keeps an order of is refused', async () => {
  await expect(open(file('rows.npy', npyBytes('<f4', [1e9, 0], new Float32Array(0))))).rejects.toThrow(
    'the dataset has 1000000000 samples, more than the 20000000 that squire keeps an order of',
  )
})

test('a model whose input no memory holds is refused before it runs', async () => {
  const large = model({ inputs: { x: [1, 3, 2 ** 20, 256] }, nodes: [node('Relu', ['x'], ['y'])] })
  await expect(readModel(file('large.onnx', encodeModel(large)))).rejects.toThrow(
    'model input "x" with dims [1, 3, 1048576, 256] has 805306368 elements; squire feeds at most 268435456',
  )
})

test('an LZ4 frame that claims a terabyte is refused', () => {
  const frame = Buffer.alloc(32)
  frame.writeUInt32LE(0x184d2204)
  frame[4] = 0x48
  frame.writeBigUInt64LE(2n ** 40n, 6)
  expect(() => decodeLz4Frame(frame)).toThrow('LZ4 frame says that it holds 1099511627776 bytes')
})
