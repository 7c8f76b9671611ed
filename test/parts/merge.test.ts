import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunksOf, chunksOfShare, segmentsOf } from '../../src/engine/fold/chunks.js'
import { SquireError } from '../../src/errors.js'
import { bufferFrom } from '../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { NUM_BINS } from '../../src/histogram/types.js'
import { mergeParts, requireWhole } from '../../src/parts/merge.js'
import type { Part } from '../../src/parts/part.js'
import { decodePart, encodePart } from '../../src/parts/partFile.js'

const segments = segmentsOf([20, 60], [100])
const chunks = chunksOf(segments, 1, 4)

/** What chunk number `at` of all gives: some values of one tensor, and a metric's state that no other chunk has. */
const valuesOf = (at: number) => Float32Array.from({ length: 8 }, (_, i) => Math.sin(at * 8 + i) * 2 ** (at % 5))
const stateOf = (at: number) => ({ sum: Math.cos(at) / 3, seen: new Map([[at, Float32Array.of(at)]]) })

function partOf(held: readonly number[], more: Partial<Part> = {}): Part {
  return {
    kind: 'calibration',
    key: { model: 'a'.repeat(64), data: 'photos' },
    contents: held.reduce((sum, at) => sum + 3n ** BigInt(at), 0n),
    machines: [{ rounding: 'r', instructions: 'x64' }],
    skipped: held.filter((at) => at % 9 === 0).map((at) => ({ index: at, id: `s${at}`, reason: 'damaged' })),
    segments: segments.map((segment, i) => {
      const mine = held.filter((at) => chunks[at]!.segment === i)
      const histogram = mine.reduce((sum, at) => observe(sum, valuesOf(at)), emptyHistogram())
      return {
        ...segment,
        fold: 'calibration',
        chunks: chunks.filter((chunk) => chunk.segment === i).length,
        batch: 1,
        observed: mine.length,
        statistics:
          segment.observe && mine.length > 0
            ? { tensors: ['t'], buffer: bufferFrom(new Map([['t', histogram]])) }
            : undefined,
        states: new Map(mine.map((at) => [chunks[at]!.number, stateOf(at)])),
      }
    }),
    ...more,
  }
}

function withTensor(part: Part, name: string): Part {
  const renamed = part.segments.map((segment) => {
    const { statistics } = segment
    return { ...segment, statistics: statistics && { ...statistics, tensors: [name] } }
  })
  return { ...part, segments: renamed }
}

const all = chunks.map((_, at) => at)
const exact = { allowMixed: false }
const merge = (a: Part, b: Part) => mergeParts({ name: 'a.arrow', part: a }, { name: 'b.arrow', part: b }, exact)
const bytesOf = (part: Part) => Buffer.concat(encodePart(part))
/** A part as its file gives it back: merging may consume its arguments. */
const copy = (part: Part) => decodePart(bytesOf(part), 'part')

describe('merging parts', () => {
  test('gives the bytes of the whole, for any split, order and grouping', () => {
    const whole = bytesOf(partOf(all))
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { minLength: all.length, maxLength: all.length }),
        fc.infiniteStream(fc.nat()),
        (owners, choices) => {
          const parts = [...new Set(owners)].map((owner) => partOf(all.filter((at) => owners[at] === owner)))
          const pick = () => parts.splice(choices.next().value! % parts.length, 1)[0]!
          while (parts.length > 1) parts.push(merge(copy(pick()), copy(pick())))
          expect(bytesOf(parts[0]!).equals(whole)).toBe(true)
        },
      ),
      { numRuns: 10, endOnFailure: true },
    )
  })

  test('shares of any number are a split: every chunk is in one of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 5000 }), (of, samples) => {
        const cut = chunksOf(segmentsOf([samples], []), 1, 30)
        const shares = Array.from({ length: of }, (_, i) => chunksOfShare(cut, { part: i + 1, of }))
        expect(shares.flat()).toEqual(cut)
        const sizes = shares.map((share) => share.reduce((sum, { from, to }) => sum + to - from, 0))
        const largest = Math.max(...cut.map(({ from, to }) => to - from))
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * largest)
      }),
    )
  })

  const refusal = (work: () => unknown): string => {
    try {
      work()
    } catch (error) {
      if (error instanceof SquireError && error.code === 'PART') return error.message
      throw error
    }
    throw new Error('it was not refused')
  }

  // Test names are made of a case's values: parts are made inside.
  const foreign: Readonly<Record<string, { a: () => Part; b: () => Part; message: RegExp }>> = {
    'the same samples twice': {
      a: () => partOf([0, 1, 2]),
      b: () => partOf([2, 3]),
      message: /a\.arrow and b\.arrow both hold samples 8 to 11 of/,
    },
    'another model': {
      a: () => partOf([0]),
      b: () => partOf([1], { key: { model: 'b'.repeat(64), data: 'photos' } }),
      message: /model: a{12}… and b{12}…/,
    },
    'other data': {
      a: () => partOf([0]),
      b: () => partOf([1], { key: { model: 'a'.repeat(64), data: 'x' } }),
      message: /data: photos and x/,
    },
    'an evaluation': {
      a: () => partOf([0]),
      b: () => partOf([1], { kind: 'evaluation' }),
      message: /one is of the calibration, the other of the evaluation/,
    },
    'other tensors': {
      a: () => partOf([0]),
      b: () => withTensor(partOf([1]), 'u'),
      message: /they observe different tensors/,
    },
    'another processor': {
      a: () => partOf([0]),
      b: () => partOf([1], { machines: [{ rounding: 's', instructions: 'x64 avx2' }] }),
      message: /round differently: x64 \(rounding r\) made the first, x64 avx2 \(rounding s\) the second/,
    },
  }
  test.each(Object.keys(foreign))('refuses %s, by name', (name) => {
    const { a, b, message } = foreign[name]!
    expect(refusal(() => merge(a(), b()))).toMatch(message)
  })

  test('takes parts of several processors where that is allowed, and remembers all of them', () => {
    const other = partOf([1], { machines: [{ rounding: 'q', instructions: 'arm64' }] })
    const merged = mergeParts({ name: 'a', part: partOf([0]) }, { name: 'b', part: other }, { allowMixed: true })
    expect(merged.machines.map(({ rounding }) => rounding)).toEqual(['q', 'r'])
  })

  test('a run is whole when nothing is missing; what is missing is named', () => {
    requireWhole({ name: 'all', part: partOf(all) })
    const most = all.filter((at) => at !== 5 && at !== 6)
    expect(refusal(() => requireWhole({ name: 'most', part: partOf(most) }))).toMatch(
      /most: samples \d+ to \d+ of the calibration are missing: 2 of \d+ chunks/,
    )
  })
})

describe('the file of a part', () => {
  const bytes = bytesOf(partOf(all))

  test('gives back what was written, metric states of any kind included', () => {
    expect(decodePart(bytes, 'part')).toEqual(partOf(all))
  })

  test("is written from the statistics' own memory", () => {
    const part = partOf(all)
    const buffers = part.segments.flatMap(({ statistics }) => statistics?.buffer ?? [])
    const pieces = encodePart(part).filter(
      ({ buffer, length }) => length > 1000 && buffers.some((one) => one === buffer),
    )
    expect(pieces.map(({ length }) => length)).toEqual(buffers.map(() => 8 * NUM_BINS))
  })

  test('says so where any of its bits has flipped', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const damaged = Buffer.from(bytes)
        damaged[at]! ^= 1 << bit
        expect(() => decodePart(damaged, 'p.arrow')).toThrow(/p\.arrow cannot be used: /)
      }),
      { numRuns: 60 },
    )
  })

  test.each([0, 5, 100, 5000])('says so where only its first %i bytes are there', (length) => {
    expect(() => decodePart(bytes.subarray(0, length), 'p.arrow')).toThrow(/p\.arrow cannot be used: /)
  })

  test("a metric's state that no file can hold is told", () => {
    const part = partOf([0])
    const states = new Map([[0, { score: () => 1 }]])
    const odd = { ...part, segments: part.segments.map((segment) => ({ ...segment, states })) }
    expect(() => encodePart(odd)).toThrow(/the metric's state cannot be written to a file: /)
  })
})
