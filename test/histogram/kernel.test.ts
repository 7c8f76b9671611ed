import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { createKernel, type Kernel } from '../../src/histogram/kernel.js'
import type { Histogram } from '../../src/histogram/types.js'
import { floats } from './arbitraries.js'
import { expectSame } from './same.js'

const LENGTH = 20_000
const kernel = createKernel({ numSlots: 2, bufferLengths: [LENGTH] })

/** Observes a copy of the values that lies in the kernel's memory, `offset` floats into its buffer. */
function observeInside(target: Kernel, slot: number, values: Float32Array, offset = 0): number {
  const part = target.buffers[0]!.subarray(offset, offset + values.length)
  part.set(values)
  return target.observe(slot, part)
}

const reference = (...parts: Float32Array[]): Histogram => parts.reduce(observe, emptyHistogram())

/** Longer arrays than a block of the kernel: a few patterns repeated, so that most blocks repeat a range and some do not. */
const longFloats = fc
  .record({ parts: fc.array(floats, { minLength: 1, maxLength: 6 }), length: fc.integer({ min: 1, max: 9000 }) })
  .map(({ parts, length }) => {
    const pattern = parts.flatMap((part) => [...part])
    return Float32Array.from({ length }, (_, i) => pattern[Math.floor(i / 700 + i) % pattern.length] ?? 0)
  })

const anyFloats = fc.oneof(floats, longFloats)

describe('the kernel', () => {
  it('equals the reference on any values, in its memory or outside', () => {
    fc.assert(
      fc.property(anyFloats, fc.integer({ min: 0, max: 9 }), (values, offset) => {
        kernel.reset()
        expect(observeInside(kernel, 0, values, offset)).toBe(-1)
        expect(kernel.observe(1, values)).toBe(-1)
        expectSame(kernel.read(0), reference(values))
        expectSame(kernel.read(1), reference(values))
      }),
      { numRuns: 300 },
    )
  })

  it('equals the reference for any split into calls', () => {
    fc.assert(
      fc.property(fc.array(anyFloats, { maxLength: 5 }), (parts) => {
        kernel.reset()
        for (const part of parts) expect(observeInside(kernel, 0, part)).toBe(-1)
        expectSame(kernel.read(0), reference(...parts))
      }),
    )
  })

  it.each([
    { name: 'nothing', values: [] },
    { name: 'one value', values: [3] },
    { name: 'zeros of both signs', values: new Array(17).fill(0).map((_, i) => (i % 2 === 0 ? 0 : -0)) },
    { name: 'minus zeros only', values: new Array(24).fill(-0) },
    { name: 'negatives only', values: Array.from({ length: 40 }, (_, i) => -1 - i) },
    { name: 'positives only', values: Array.from({ length: 40 }, (_, i) => 1 + i) },
    { name: 'one value many times', values: new Array(5000).fill(6) },
    { name: 'powers of two, rising', values: Array.from({ length: 277 }, (_, i) => 2 ** (i - 149)) },
    { name: 'powers of two, falling, negative', values: Array.from({ length: 277 }, (_, i) => -(2 ** (127 - i))) },
    { name: 'subnormals', values: Array.from({ length: 64 }, (_, i) => (i - 32) * 2 ** -149) },
    { name: 'extremes', values: new Array(16).fill(2 ** 128 - 2 ** 104).map((x, i) => (i % 3 === 0 ? -x : x)) },
    {
      name: 'negatives too small for a bin',
      values: Array.from({ length: 16 }, (_, i) => (i === 0 ? 1 : -(2 ** -30))),
    },
    {
      name: 'magnitudes where scaling leaves float32',
      values: Array.from({ length: 80 }, (_, i) => 2 ** -116 * (i - 20)),
    },
    {
      name: 'a growing range, block after block',
      values: Array.from({ length: 9999 }, (_, i) => Math.sin(i) * 2 ** (i / 500)),
    },
  ])('equals the reference on $name', ({ values }) => {
    kernel.reset()
    expect(observeInside(kernel, 0, Float32Array.from(values), 1)).toBe(-1)
    expectSame(kernel.read(0), reference(Float32Array.from(values)))
  })

  it('finds the first value that is not finite, wherever it is', () => {
    const bad = fc.record({
      length: fc.integer({ min: 1, max: LENGTH }),
      index: fc.integer({ min: 0, max: LENGTH - 1 }),
      value: fc.constantFrom(Number.NaN, Infinity, -Infinity),
      filler: fc.constantFrom(0, -3, 2 ** 127, 2 ** -140),
    })
    fc.assert(
      fc.property(bad, ({ length, index, value, filler }) => {
        const values = new Float32Array(length).fill(filler)
        values.fill(value, index % length)
        kernel.reset()
        expect(observeInside(kernel, 0, values)).toBe(index % length)
        expect(kernel.observe(1, values)).toBe(index % length)
      }),
    )
  })

  it('finds a NaN of either sign with any payload', () => {
    for (const bits of [0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff]) {
      const buffer = kernel.buffers[0]!.subarray(0, 64).fill(-5)
      new Uint32Array(buffer.buffer, buffer.byteOffset, 64)[35] = bits
      kernel.reset()
      expect(kernel.observe(0, buffer)).toBe(35)
    }
  })

  it('equals the reference on groups with padding, which may hold anything, in its memory or outside', () => {
    const groups = fc.record({
      stride: fc.constantFrom(4, 8, 16, 32),
      lanes: fc.integer({ min: 1, max: 31 }),
      values: anyFloats,
    })
    fc.assert(
      fc.property(groups, ({ stride, lanes: wish, values }) => {
        const lanes = Math.min(wish, stride - 1)
        const whole = values.subarray(0, values.length - (values.length % lanes)).subarray(0, 4000 - (4000 % lanes))
        const padded = new Float32Array((whole.length / lanes) * stride).fill(Number.NaN)
        whole.forEach((value, i) => {
          padded[Math.floor(i / lanes) * stride + (i % lanes)] = value
        })
        // More of them than the buffer holds lie outside.
        const inside = padded.length <= LENGTH ? kernel.buffers[0]!.subarray(0, padded.length) : padded
        inside.set(padded)
        kernel.reset()
        expect(kernel.observeLanes(0, inside, lanes, stride)).toBe(true)
        expect(kernel.observeLanes(1, padded, lanes, stride)).toBe(true)
        expectSame(kernel.read(0), reference(whole))
        expectSame(kernel.read(1), reference(whole))
      }),
      { numRuns: 300 },
    )
  })

  it('finds in groups that a value is not finite, and none in their padding', () => {
    for (const lanes of [3, 8, 24]) {
      for (const value of [Number.NaN, Infinity, -Infinity]) {
        const inside = kernel.buffers[0]!.subarray(0, 32 * 300).fill(1)
        for (let at = lanes; at < inside.length; at += 32) inside.fill(value, at, at + 32 - lanes)
        kernel.reset()
        expect(kernel.observeLanes(0, inside, lanes, 32)).toBe(true)
        expect(kernel.observeLanes(1, inside.slice(), lanes, 32)).toBe(true)
        inside[32 * 290 + lanes - 1] = value
        expect(kernel.observeLanes(0, inside, lanes, 32)).toBe(false)
        expect(kernel.observeLanes(1, inside.slice(), lanes, 32)).toBe(false)
      }
    }
  })

  it('keeps its slots apart and empties them all on reset', () => {
    kernel.reset()
    kernel.observe(0, Float32Array.of(1, 2))
    kernel.observe(1, Float32Array.of(-70))
    expectSame(kernel.read(0), reference(Float32Array.of(1, 2)))
    expectSame(kernel.read(1), reference(Float32Array.of(-70)))
    kernel.reset()
    expectSame(kernel.read(0), emptyHistogram())
    expectSame(kernel.read(1), emptyHistogram())
  })

  it('sets counts aside before they overflow', () => {
    const small = createKernel({ numSlots: 1, maxSlotCount: 100 })
    const parts = [Float32Array.of(1, 2, 3), new Float32Array(99).fill(-4), new Float32Array(500).fill(1e6)]
    for (const part of parts) small.observe(0, part)
    expectSame(small.read(0), reference(...parts))
  })
})

describe('rollback', () => {
  it('leaves no trace of what was observed since begin', () => {
    fc.assert(
      fc.property(anyFloats, fc.array(anyFloats, { maxLength: 3 }), anyFloats, (before, undone, after) => {
        const small = kernel
        small.reset()
        small.begin()
        small.observe(0, before)
        small.begin()
        for (const values of undone) small.observe(0, values)
        small.observe(1, Float32Array.of(5, Number.NaN))
        small.rollback()
        expectSame(small.read(0), reference(before))
        expectSame(small.read(1), emptyHistogram())
        small.begin()
        small.observe(0, after)
        expectSame(small.read(0), reference(before, after))
      }),
    )
  })

  it('brings back counts that were set aside', () => {
    const small = createKernel({ numSlots: 1, maxSlotCount: 10 })
    small.observe(0, new Float32Array(9).fill(1))
    small.begin()
    small.observe(0, new Float32Array(9).fill(2))
    small.observe(0, new Float32Array(9).fill(3))
    small.rollback()
    expectSame(small.read(0), reference(new Float32Array(9).fill(1)))
  })

  it('without begin is an error', () => {
    expect(() => createKernel({ numSlots: 1 }).rollback()).toThrow('rollback() without begin()')
  })
})

describe('buffers', () => {
  it('are aligned, apart, and stay attached', () => {
    const { buffers } = createKernel({ numSlots: 3, bufferLengths: [5, 100_000, 1] })
    expect(buffers.map((buffer) => buffer.length)).toEqual([5, 100_000, 1])
    expect(buffers.map((buffer) => buffer.byteOffset % 64)).toEqual([0, 0, 0])
    buffers.forEach((buffer, i) => {
      buffer.fill(i + 1)
    })
    expect(buffers.map((buffer) => buffer.every((x) => x === buffer[0]) && buffer[0])).toEqual([1, 2, 3])
  })

  it('that do not fit lie outside, and are observed all the same', () => {
    const small = createKernel({ numSlots: 1, bufferLengths: [40_000, 8], maxBufferBytes: 100 })
    const [large] = small.buffers
    large!.forEach((_, i) => {
      large![i] = i - 777
    })
    expect(small.buffers[0]!.buffer).not.toBe(small.buffers[1]!.buffer)
    expect(small.observe(0, large!)).toBe(-1)
    expectSame(small.read(0), reference(large!))
  })

  it('can be observed in part', () => {
    kernel.reset()
    const buffer = kernel.buffers[0]!
    buffer.forEach((_, i) => {
      buffer[i] = i
    })
    kernel.observe(0, buffer.subarray(3, 3003))
    expectSame(kernel.read(0), reference(buffer.slice(3, 3003)))
  })
})
