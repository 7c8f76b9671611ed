// Tensors to solve: named distributions drawn from a seeded generator, so that every run sees the same values.

import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import type { Histogram } from '../../src/histogram/types.js'

export type Draw = () => number

/** Uniform in (0, 1): mulberry32. */
export function uniform(seed: number): Draw {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return (((x ^ (x >>> 14)) >>> 0) + 0.5) / 2 ** 32
  }
}

export function normal(u: Draw): Draw {
  return () => Math.sqrt(-2 * Math.log(u())) * Math.cos(2 * Math.PI * u())
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

export function valuesOf(count: number, draw: Draw): Float32Array {
  return Float32Array.from({ length: count }, draw)
}

export function histogramOf(values: ArrayLike<number>): Histogram {
  return observe(emptyHistogram(), Float32Array.from(values))
}

/** As if every value had been seen so many times. */
export function repeated(histogram: Histogram, times: number): Histogram {
  return {
    ...histogram,
    counts: histogram.counts.map((count) => count * times),
    count: histogram.count * times,
    zeros: histogram.zeros * times,
  }
}

const COUNT = 5000

function drawn(seed: number, of: (u: Draw, n: Draw) => number, count = COUNT): Float32Array {
  const u = uniform(seed)
  const n = normal(u)
  return valuesOf(count, () => of(u, n))
}

export const tensors: Readonly<Record<string, Float32Array>> = {
  'a normal distribution': drawn(1, (_, n) => n()),
  'a Relu of it': drawn(2, (_, n) => Math.max(0, n())),
  'a Relu6': drawn(3, (_, n) => Math.min(6, Math.max(0, 4 * n()))),
  'a sigmoid': drawn(4, (_, n) => sigmoid(3 * n())),
  'a Laplace distribution': drawn(5, (u) => (u() < 0.5 ? 1 : -1) * Math.log(u())),
  'a uniform distribution': drawn(6, (u) => u() * 2 - 1),
  'negative values only': drawn(7, (u) => Math.log(u())),
  'a spike near zero': drawn(8, (u, n) => (u() < 0.7 ? 0.01 : 1) * n()),
  'one far outlier': Float32Array.from([...drawn(9, (_, n) => n()), 900]),
  'mostly zeros': drawn(10, (u, n) => (u() < 0.999 ? 0 : n())),
  'integers from 0 to 255': drawn(11, (u) => Math.floor(256 * u())),
  'seven values': Float32Array.of(0.1, -0.7, 0, 3, 2.5, 1e-3, -1.25),
  'two values': Float32Array.of(0.5, 1),
  'two values far apart': Float32Array.of(1e-6, 1),
  'two values of unlike sign': Float32Array.of(-0.7, 0.3, 0.3),
  'one value': Float32Array.of(0.7),
  'one negative value': Float32Array.of(-3),
  'one value many times': new Float32Array(1000).fill(6),
  'the largest power of two': Float32Array.of(0, 2 ** 100),
}
