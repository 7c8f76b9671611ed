import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { decodeStatistics, encodeStatistics, type Statistics } from '../../src/histogram/statistics.js'
import { NUM_BINS } from '../../src/histogram/types.js'
import { float64Of, uint64Of } from '../../src/histogram/uint64.js'
import { floats } from './arbitraries.js'
import { expectSame } from './same.js'

const rowOf = (values: readonly number[]) => ({
  ...observe(emptyHistogram(), Float32Array.from(values)),
  operator: 'Conv',
  shape: [1, 64, 55, 55],
  observed: true,
  samples: 100,
})

const statistics: Statistics = {
  tensors: new Map([
    ['conv1_1', rowOf([0, 1, -2, 3.5])],
    ['reshaped/µ', { ...rowOf([]), operator: 'Reshape', shape: [], observed: false }],
  ]),
  metadata: { squire_version: '1.2.3', model_hash: 'ab', dataset_digest: 'cd', options: '-i 100' },
}

function expectEqual(actual: Statistics, expected: Statistics): void {
  expect([...actual.tensors.keys()]).toEqual([...expected.tensors.keys()])
  for (const [name, row] of expected.tensors) expectSame(actual.tensors.get(name)!, row)
  expect(actual.metadata).toEqual(expected.metadata)
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
  it('is read as it was written', () => {
    expectEqual(decodeStatistics(encodeStatistics(statistics)), statistics)
  })

  it('is read as it was written, for any values', () => {
    fc.assert(
      fc.property(fc.array(floats, { maxLength: 3 }), (tensors) => {
        const all: Statistics = { tensors: new Map(tensors.map((x, i) => [`t${i}`, rowOf([...x])])), metadata: {} }
        expectEqual(decodeStatistics(encodeStatistics(all)), all)
      }),
    )
  })

  it('is read from any address', () => {
    const bytes = encodeStatistics(statistics)
    const shifted = new Uint8Array(bytes.length + 1).subarray(1)
    shifted.set(bytes)
    expectEqual(decodeStatistics(shifted), statistics)
  })

  it('need not say how many samples there were', () => {
    const { samples: _, ...row } = rowOf([1])
    const without: Statistics = { tensors: new Map([['a', row]]), metadata: {} }
    expectEqual(decodeStatistics(encodeStatistics(without)), without)
  })

  it('has the same bytes for the same statistics, whatever the order of the metadata', () => {
    const reordered = Object.fromEntries(Object.entries(statistics.metadata).reverse())
    const bytes = encodeStatistics(statistics)
    expect(Buffer.from(bytes).equals(encodeStatistics(decodeStatistics(bytes)))).toBe(true)
    expect(Buffer.from(bytes).equals(encodeStatistics({ ...statistics, metadata: reordered }))).toBe(true)
  })

  it('holds counts beyond 32 bits exactly', () => {
    const counts = new Float64Array(NUM_BINS)
    counts[0] = 2 ** 53 - 1 - 2 ** 33
    counts[2048] = 2 ** 33
    const row = { ...rowOf([1]), counts, min: 0, count: 2 ** 53 - 1, zeros: 2 ** 32 + 1 }
    const large: Statistics = { tensors: new Map([['a', row]]), metadata: {} }
    expectEqual(decodeStatistics(encodeStatistics(large)), large)
  })
})

describe('a file that is no use', () => {
  const bytes = encodeStatistics(statistics)

  it.each([
    { name: 'empty', bytes: new Uint8Array(0), reason: 'it is not an Arrow file' },
    { name: 'something else', bytes: Buffer.from('{"scales": []}'), reason: 'it is not an Arrow file' },
    { name: 'cut off', bytes: bytes.subarray(0, bytes.length - 1000), reason: 'it is cut off' },
    {
      name: 'cut in the middle',
      bytes: Buffer.concat([bytes.subarray(0, 5000), bytes.subarray(bytes.length - 500)]),
      reason: 'cannot be used',
    },
  ])('is refused: $name', ({ bytes, reason }) => {
    const error = failure(bytes)
    expect(error.code).toBe('CACHE')
    expect(error.message).toContain('/data/stats.arrow')
    expect(error.message).toContain(reason)
  })

  it('is refused when it is an Arrow file of something else', async () => {
    const { tableFromArrays, tableToIPC } = await import('apache-arrow')
    const error = failure(tableToIPC(tableFromArrays({ price: Float64Array.of(1) }), 'file'))
    expect(error.message).toContain('its columns are (price: Float64)')
  })

  it('is refused when a count was changed', () => {
    const damaged = new Uint8Array(bytes)
    const halves = new Uint32Array(damaged.buffer, 0, damaged.length >> 2)
    // The bin of 3.5 under exponent 2.
    const bin = halves.findIndex((word, i) => i % 2 === 0 && word === 1 && halves[i - 2 * 3584] === 1)
    halves[bin]! += 1
    expect(failure(damaged).message).toContain('its numbers for tensor "conv1_1" contradict each other')
  })
})

describe('64-bit counts', () => {
  it('are exact both ways below 2^53', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (values) => {
        const integers = uint64Of([values])
        expect([...integers]).toEqual(values.map(BigInt))
        expect([...float64Of(integers)]).toEqual(values)
      }),
    )
  })

  it('are refused from 2^53 on', () => {
    expect(() => float64Of(BigUint64Array.of(2n ** 53n))).toThrow('9007199254740992 is not a count below 2^53')
  })
})
