import { createHash } from 'node:crypto'
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { bufferFrom, histogramsOf } from '../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { decodeStatistics, encodeStatistics, type Statistics } from '../../src/histogram/statistics.js'
import { type Histogram, NUM_BINS } from '../../src/histogram/types.js'
import { floats } from './arbitraries.js'
import { expectSame } from './same.js'

const rowOf = (values: readonly number[]) => observe(emptyHistogram(), Float32Array.from(values))

const counted = (rows: ReadonlyMap<string, Histogram>) => ({ tensors: [...rows.keys()], buffer: bufferFrom(rows) })

const statistics: Statistics = {
  samples: 4,
  observed: counted(new Map([['conv1_1', rowOf([0, 1, -2, 3.5])]])),
  firstHalf: { samples: 2, statistics: counted(new Map([['conv1_1', rowOf([0, 1])]])) },
  derived: new Map([['reshaped/µ', rowOf([])]]),
  describe: (name) =>
    name === 'conv1_1' ? { operator: 'Conv', shape: [1, 64, 55, 55] } : { operator: 'Reshape', shape: [] },
  metadata: { squire_version: '1.2.3', model_hash: 'ab', dataset_digest: 'cd', options: '-i 100' },
}

const bytesOf = (statistics: Statistics) => Buffer.concat(encodeStatistics(statistics))

function expectRead(bytes: Uint8Array, { observed, derived, firstHalf, metadata }: Statistics): void {
  const actual = decodeStatistics(bytes)
  const rows = [...histogramsOf(observed), ...derived]
  expect([...actual.tensors.keys()]).toEqual(rows.map(([name]) => name))
  for (const [name, row] of rows) expectSame(actual.tensors.get(name)!, row)
  expect(actual.metadata).toEqual(metadata)
  expect(actual.firstHalf?.samples).toBe(firstHalf?.samples)
  for (const [name, row] of firstHalf === undefined ? [] : histogramsOf(firstHalf.statistics)) {
    expectSame(histogramsOf(actual.firstHalf!.statistics).get(name)!, row)
  }
}

function failure(bytes: Uint8Array): SquireError {
  try {
    decodeStatistics(bytes, '/data/stats.arrow')
  } catch (error) {
    if (error instanceof SquireError) return error
    throw error
  }
  throw new Error('it was read')
}

describe('a statistics file', () => {
  it('is read as it was written', () => expectRead(bytesOf(statistics), statistics))

  it('is read as it was written, for any values', () => {
    fc.assert(
      fc.property(fc.array(floats, { maxLength: 3 }), (tensors) => {
        const observed = counted(new Map(tensors.map((x, i) => [`t${i}`, rowOf([...x])])))
        const all = { ...statistics, observed, derived: new Map(), firstHalf: undefined, metadata: {} }
        expectRead(bytesOf(all), all)
      }),
    )
  })

  it('is read from any address', () => {
    const bytes = bytesOf(statistics)
    const shifted = new Uint8Array(bytes.length + 1).subarray(1)
    shifted.set(bytes)
    expectRead(shifted, statistics)
  })

  it('is a table to any other reader, which finds no trace of the checksum', () => {
    const table = tableFromIPC(bytesOf(statistics))
    expect(table.get(0)?.toJSON()).toMatchObject({
      tensor: 'conv1_1',
      operator: 'Conv',
      observed: true,
      samples: 4,
      max: 3.5,
      count: 4,
    })
    expect(table.schema.fields.map(({ name }) => name)).toEqual([
      'tensor',
      'operator',
      'shape',
      'observed',
      'samples',
      'exponent',
      'min',
      'max',
      'count',
      'zeros',
      'counts',
    ])
  })

  it('is written from the buffer itself: no count is copied', () => {
    const { buffer } = statistics.observed
    const counts = encodeStatistics(statistics).filter((piece) => piece.buffer === buffer && piece.length > 1000)
    expect(counts.map(({ length }) => length)).toEqual([8 * NUM_BINS])
  })

  it('has the same bytes for the same statistics, whatever the order of the metadata', () => {
    const reordered = Object.fromEntries(Object.entries(statistics.metadata).reverse())
    expect(bytesOf({ ...statistics, metadata: reordered }).equals(bytesOf(statistics))).toBe(true)
  })

  it('holds counts beyond 32 bits exactly', () => {
    const counts = new Float64Array(NUM_BINS)
    counts[0] = 2 ** 53 - 1 - 2 ** 33
    counts[2048] = 2 ** 33
    const row = { ...rowOf([1]), counts, min: 0, count: 2 ** 53 - 1, zeros: 2 ** 32 + 1 }
    const large: Statistics = { ...statistics, observed: counted(new Map([['a', row]])) }
    expectRead(bytesOf(large), large)
  })
})

describe('a file that is no use', () => {
  const bytes = bytesOf(statistics)

  it.each([
    { name: 'empty', bytes: new Uint8Array(0), reason: 'it is not an Arrow file' },
    { name: 'something else', bytes: Buffer.from('{"scales": []}'), reason: 'it is not an Arrow file' },
    { name: 'cut off', bytes: bytes.subarray(0, bytes.length - 1000), reason: 'it is cut off' },
    {
      name: 'cut in the middle',
      bytes: Buffer.concat([bytes.subarray(0, 5000), bytes.subarray(bytes.length - 500)]),
      reason: 'it is damaged: its checksum is wrong',
    },
    {
      name: 'an Arrow file without a checksum',
      bytes: tableToIPC(tableFromIPC(bytes), 'file'),
      reason: 'it is damaged',
    },
  ])('is refused: $name', ({ bytes, reason }) => {
    const error = failure(bytes)
    expect(error.code).toBe('CACHE')
    expect(error.message).toContain('/data/stats.arrow')
    expect(error.message).toContain(reason)
  })

  it('is refused when any single byte of it is another', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at]! ^= flip
        expect(failure(damaged).message).toMatch(/is damaged|is cut off|is not an Arrow file/)
      }),
      { numRuns: 400 },
    )
  })

  it('is refused when it is an Arrow file of something else, with a checksum that is right', () => {
    const error = failure(sealed(tableToIPC(tableFromArrays({ price: Float64Array.of(1) }), 'file')))
    expect(error.message).toContain('its column "tensor" is missing, expected Utf8')
  })

  it('is refused when its numbers contradict each other, with a checksum that is right', () => {
    const row = { ...rowOf([0, 1, -2, 3.5]), count: 5 }
    const error = failure(bytesOf({ ...statistics, observed: counted(new Map([['conv1_1', row]])) }))
    expect(error.message).toContain('its numbers for tensor "conv1_1" contradict each other')
  })
})

/** An Arrow file with the checksum put in front of its footer. */
function sealed(bytes: Uint8Array): Buffer {
  const footer = bytes.length - 10 - Buffer.from(bytes).readInt32LE(bytes.length - 10)
  const seal = createHash('sha256').update(bytes).digest()
  return Buffer.concat([bytes.subarray(0, footer), seal, bytes.subarray(footer)])
}
