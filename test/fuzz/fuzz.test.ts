// Whatever bytes come from outside: every outcome is a success or a SquireError that says what is wrong, in bounded time and memory.
// SQUIRE_FUZZ=20000 makes that many cases of each kind, SQUIRE_SEED other ones. A failure prints its seed: SQUIRE_FUZZ_CASE=seed repeats it.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/calibrate/storage/checkpointFile.js'
import { makeConfig } from '../../src/config/config.js'
import { readRunConfig } from '../../src/config/runConfig.js'
import { openDataset } from '../../src/dataset/datasets.js'
import type { ModelInput } from '../../src/dataset/types.js'
import { segmentsOf } from '../../src/engine/fold/chunks.js'
import { addChunk, emptyFold } from '../../src/engine/fold/foldState.js'
import { partOf } from '../../src/engine/fold/part.js'
import { complaintOf, SquireError } from '../../src/errors.js'
import { bufferFrom } from '../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { decodeStatistics, encodeStatistics } from '../../src/histogram/statistics.js'
import { encodeModel, readModel } from '../../src/onnx/model.js'
import { DataType } from '../../src/onnx/types.js'
import { decodePart, encodePart } from '../../src/parts/partFile.js'
import { npyBytes } from '../dataset/formats/npyFile.js'
import { storedZip } from '../dataset/formats/zipFile.js'
import { classifier, temporaryFolder } from '../e2e/squire.js'
import { floats, longs, model, node } from '../onnx/models.js'
import { mutated, Random } from './mutate.js'

const cases = Number(process.env.SQUIRE_FUZZ ?? 60)
const only = process.env.SQUIRE_FUZZ_CASE
const firstSeed = Number(process.env.SQUIRE_SEED ?? 1) * 1_000_000

/** No case may take longer, or more memory than the last. */
const MOST_SECONDS = 5
const MOST_BYTES = 1.5 * 2 ** 30

const folder = temporaryFolder()
const counts: Record<string, { cases: number; accepted: number; seconds: number }> = {}
afterAll(() => console.log(`fuzz: ${JSON.stringify(counts)}`))

/** Mutates `seeds` and gives them to `target`, which resolves where the bytes are taken and rejects where they are refused. */
function fuzz(kind: string, seeds: readonly Buffer[], target: (bytes: Buffer) => unknown, share = 1): void {
  test(`${kind}`, { timeout: 3_600_000 }, async () => {
    await target(seeds[0]!)
    const first = only === undefined ? firstSeed : Number(only)
    const count = only === undefined ? Math.ceil(cases * share) : 1
    const started = performance.now()
    let accepted = 0
    for (let seed = first; seed < first + count; seed++) {
      const random = new Random(seed)
      const bytes = mutated(random.oneOf(seeds), random.oneOf(seeds), random)
      const since = performance.now()
      const before = process.memoryUsage().rss
      try {
        await target(bytes)
        accepted++
      } catch (error) {
        if (!(error instanceof SquireError)) {
          writeFileSync('/tmp/squire-fuzz-failure', bytes)
          throw new Error(`${kind}, SQUIRE_FUZZ_CASE=${seed}: ${(error as Error).stack}`, { cause: error })
        }
        expect(error.message, `${kind}, seed ${seed}`).not.toMatch(/undefined|\[object Object\]/)
      }
      expect((performance.now() - since) / 1000, `seconds of ${kind}, seed ${seed}`).toBeLessThan(MOST_SECONDS)
      expect(process.memoryUsage().rss - before, `memory of ${kind}, seed ${seed}`).toBeLessThan(MOST_BYTES)
    }
    counts[kind] = { cases: count, accepted, seconds: Math.round((performance.now() - started) / 1000) }
  })
}

const image = {
  colorSpace: 'BGR' as const,
  mean: undefined,
  std: undefined,
  paddingConstantValue: undefined,
  resample: undefined,
}
const fixture = (name: string) => readFileSync(new URL(`../dataset/formats/fixtures/${name}`, import.meta.url))
const x: ModelInput = { name: 'x', dataType: DataType.FLOAT, dims: ['n', 3, 4] }
const picture: ModelInput = { name: 'picture', dataType: DataType.UINT8, dims: [1, 3, 2, 2] }

/** All that a run does with data: lists them, takes their identity, reads the first samples. A bad sample is one, not a failure. */
async function readAll(path: string, input: ModelInput): Promise<void> {
  const dataset = await openDataset({ kind: 'path', path, image } as Parameters<typeof openDataset>[0], [input])
  try {
    const first = Uint32Array.from({ length: Math.min(dataset.size, 6) }, (_, i) => i)
    await dataset.digest(first)
    const classOf = await dataset.classes?.()
    for (const index of first) {
      dataset.id(index)
      classOf?.(index)
      await dataset.load(index)
    }
  } finally {
    await dataset.close()
  }
}
const data = (name: string, input: ModelInput) => (bytes: Buffer) => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return readAll(path, input)
}

describe('data', () => {
  const rows = npyBytes('<f4', [4, 3, 4], new Float32Array(48))
  const row = npyBytes('<f8', [3, 4], new Float64Array(12))
  fuzz('npy', [rows, row, npyBytes('<i8', [2, 1, 3, 4], new BigInt64Array(24))], data('a.npy', x))
  const labels = npyBytes('<i8', [4], BigInt64Array.of(0n, 1n, 2n, 3n))
  const zips = [storedZip({ 'x.npy': rows, 'label.npy': labels }), fixture('stored.npz'), fixture('deflated.npz')]
  fuzz('npz', zips, data('a.npz', x))
  fuzz('Arrow', [fixture('lists.feather'), fixture('large.feather')], data('a.arrow', x))
  fuzz('Arrow streams', [fixture('stream.arrow')], data('b.arrow', picture))
  const numbers = tableFromArrays({
    x: Array.from({ length: 4 }, () => Array.from({ length: 12 }, (_, i) => i)),
    label: [1, 2, 3, 4],
  })
  fuzz('Arrow of apache-arrow', [Buffer.from(tableToIPC(numbers, 'file'))], data('c.arrow', x))
  fuzz('Parquet', [fixture('lists.parquet')], data('a.parquet', x))
  fuzz('Parquet of images', [fixture('images.parquet'), fixture('structs.parquet')], data('b.parquet', picture))
  writeFileSync(join(folder, '1.npy'), row)
  writeFileSync(join(folder, '2.npy'), row)
  fuzz('lists', [Buffer.from('1.npy 3\n2.npy 4\n'), Buffer.from('# none\n1.npy\n\n2.npy\r\n')], data('list.txt', x))
})

/** A mutated file with the right checksum again: what is behind the checksum must distrust it as well. */
const resealed = (decode: (bytes: Buffer) => unknown) => (bytes: Buffer) => {
  const size = bytes.length
  const footer = size < 60 ? -1 : size - 10 - bytes.readInt32LE(size - 10)
  if (footer < 40 || footer > size - 10) return decode(bytes)
  const copy = Buffer.from(bytes)
  createHash('sha256')
    .update(copy.subarray(0, footer - 32))
    .update(copy.subarray(footer))
    .digest()
    .copy(copy, footer - 32)
  return decode(copy)
}

describe("squire's own files", () => {
  const histogram = observe(emptyHistogram(), Float32Array.of(1, -2, 0, 300))
  const statistics = Buffer.concat(
    encodeStatistics({
      samples: 3,
      firstHalf: { samples: 1, statistics: { tensors: ['a'], buffer: bufferFrom(new Map([['a', histogram]])) } },
      observed: { tensors: ['a'], buffer: bufferFrom(new Map([['a', histogram]])) },
      derived: new Map([['b', histogram]]),
      describe: () => ({ operator: 'Conv', shape: [1, 2] }),
      metadata: { samples: '3', model_hash: 'ab' },
    }),
  )
  fuzz('caches', [statistics], (bytes) => decodeStatistics(bytes))
  fuzz(
    'caches with their checksum',
    [statistics],
    resealed((bytes) => decodeStatistics(bytes)),
  )

  const segments = segmentsOf([4], [4])
  const chunks = [
    { segment: 0, number: 0, from: 0, to: 2 },
    { segment: 0, number: 1, from: 2, to: 4 },
  ]
  const state = emptyFold(segments, ['a', 'b'])
  const buffer = bufferFrom(
    new Map([
      ['a', histogram],
      ['b', histogram],
    ]),
  )
  for (const chunk of chunks)
    addChunk(state, chunk, { kind: 'done', states: [{ hits: new Map([[1, 2n]]) }], skipped: [], observed: 2 }, buffer)
  const checkpoint = Buffer.concat(encodeCheckpoint({ model: 'ab' }, state))
  const read = (bytes: Buffer) => asRefusal(() => decodeCheckpoint(bytes, emptyFold(segments, ['a', 'b']), () => {}))
  fuzz('checkpoints', [checkpoint], read)
  fuzz('checkpoints with their checksum', [checkpoint], resealed(read))

  const part = Buffer.concat(
    encodePart({
      ...partOf('calibration', segments, chunks, 1, state),
      kind: 'calibration',
      key: { model: 'ab' },
      contents: 7n,
      machines: [{ rounding: 'ab', instructions: 'avx2' }],
    }),
  )
  fuzz('parts', [part], (bytes) => decodePart(bytes, 'part'))
  fuzz(
    'parts with their checksum',
    [part],
    resealed((bytes) => decodePart(bytes, 'part')),
  )
})

/** Its caller explains whatever error a checkpoint gives. */
function asRefusal<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message)) throw error
    throw new SquireError('CHECKPOINT', complaintOf(error))
  }
}

describe('configs', () => {
  const options = {
    model: 'm.onnx',
    saveDir: 'out',
    modes: ['kl', 'mse'],
    percent: 0.999,
    iterations: [1, 20],
    batchSize: 2,
    selection: { samples: 5, seed: 3 },
    image: { mean: [1, 2, 3], std: [1, 1, 1] },
  }
  const texts = [
    Buffer.from(JSON.stringify(options)),
    Buffer.from('{ "model": "a.onnx", /* note */ "bitWidth": 8, "cpuNum": 2, }'),
  ]
  fuzz('options of the library', texts, (bytes) => {
    let given: unknown
    try {
      given = JSON.parse(bytes.toString())
    } catch {
      return
    }
    makeConfig(given as Parameters<typeof makeConfig>[0])
  })
  const wrapped = texts.map((text) =>
    Buffer.from(`{ "quant": { "batch-size": 2, "quant-mode": ["kl"] }, "rest": ${text} }`),
  )
  fuzz('run configs', wrapped, async (bytes) => {
    const path = join(folder, 'config.json')
    writeFileSync(path, bytes)
    await readRunConfig(path)
  })
})

describe('models', () => {
  const small = encodeModel(
    model({
      inputs: { x: ['n', 2, 4, 4] },
      nodes: [
        node('Conv', ['x', 'w', 'b'], ['c'], [], 'conv'),
        node('Relu', ['c'], ['r'], [], 'relu'),
        node('Reshape', ['r', 'shape'], ['f'], [], 'reshape'),
        node('Gemm', ['f', 'v'], ['y'], [], 'gemm'),
      ],
      constants: [floats('w', [2, 2, 3, 3]), floats('b', [2]), longs('shape', [2], [-1, 8]), floats('v', [8, 3])],
    }),
  )
  const read = async (bytes: Buffer) => {
    const path = join(folder, 'm.onnx')
    writeFileSync(path, bytes)
    await readModel(path)
  }
  fuzz('models', [Buffer.from(small)], read)
  fuzz('a real model', [readFileSync(classifier)], read, 0.2)
})

test('is deterministic: the same seed damages alike', () => {
  const bytes = Buffer.from(deflateRawSync(Buffer.from('some bytes')))
  expect(mutated(bytes, bytes, new Random(7)).equals(mutated(bytes, bytes, new Random(7)))).toBe(true)
})
