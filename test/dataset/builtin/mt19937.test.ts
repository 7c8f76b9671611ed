import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type IntegerType, Mt19937 } from '../../../src/dataset/builtin/mt19937.js'

interface Draw {
  readonly dtype: IntegerType
  readonly low: number
  readonly high: number
  readonly values: readonly number[]
  readonly next: number
}

const numpy = JSON.parse(readFileSync(new URL('fixtures/numpy-legacy.json', import.meta.url), 'utf8')) as {
  readonly random_sample: readonly number[]
  readonly randn: readonly number[]
  readonly randint: readonly Draw[]
}

describe('the legacy generator', () => {
  it('gives the reference output of mt19937ar.c for its default seed', () => {
    const generator = new Mt19937(5489)
    expect([generator.uint32(), generator.uint32()]).toEqual([3499211612, 581869302])
    for (let i = 3; i < 10000; i++) generator.uint32()
    expect(generator.uint32()).toBe(4123659995)
  })

  it('gives numpy.random.random_sample', () => {
    const generator = new Mt19937(123)
    expect(numpy.random_sample.map(() => generator.randomSample())).toEqual(numpy.random_sample)
  })

  it('gives numpy.random.randn to the last bits', () => {
    const generator = new Mt19937(123)
    const drawn = numpy.randn.map(() => generator.randn())
    expect(drawn.slice(0, 3).map((x) => Number(x.toFixed(7)))).toEqual([-1.0856306, 0.9973454, 0.2829785])
    // The logarithm of the C library and of JavaScript may differ in the last place.
    drawn.forEach((x, i) => {
      expect(Math.abs(x - numpy.randn[i]!)).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(x))
    })
    expect(Float32Array.from(drawn)).toEqual(Float32Array.from(numpy.randn))
  })

  it.each(numpy.randint)('gives numpy.random.randint($low, $high) of $dtype', ({ dtype, low, high, values, next }) => {
    const generator = new Mt19937(123)
    expect(generator.randint(low, high, values.length, dtype)).toEqual(values)
    expect(generator.randomSample()).toBe(next)
  })
})
