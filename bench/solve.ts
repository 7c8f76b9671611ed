// Claim: the thresholds of 100 tensors in all five modes take under a second on one core.
// Run: npm run bench -- solve, or node dist/bench/solve.js [--json]. Synthetic activations: what a Relu, a linear layer, a Relu6, a sigmoid and a smooth
// activation put out, 20 of each, as many values as there are in a few hundred images' feature maps.

import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import { type QuantMode, quantModes } from '../src/config/config.js'
import { emptyHistogram, observe } from '../src/histogram/histogram.js'
import type { Histogram } from '../src/histogram/types.js'
import { solveThreshold } from '../src/solve/threshold.js'
import { median } from './median.js'
import type { BenchOptions, Section } from './types.js'

/** Milliseconds for all tensors: a median over the rounds. */
export interface SolveBenchResult {
  readonly mode: QuantMode | 'all'
  readonly milliseconds: number
}

const NUM_TENSORS = 100
const VALUES_DRAWN = 20_000
const TIMES_SEEN = 500

/** Minimal standard generator (Park and Miller): plenty for a histogram. */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

function tensors(count: number): Histogram[] {
  const u = uniform(1)
  const n = () => Math.sqrt(-2 * Math.log(u())) * Math.cos(2 * Math.PI * u())
  const kinds: readonly (() => number)[] = [
    () => Math.max(0, n()),
    () => n() * (u() < 0.99 ? 1 : 3),
    () => Math.min(6, Math.max(0, 4 * n())),
    () => 1 / (1 + Math.exp(-3 * n())),
    () => (u() < 0.7 ? 0.01 : 1) * n(),
  ]
  return Array.from({ length: count }, (_, i) => {
    const drawn = observe(emptyHistogram(), Float32Array.from({ length: VALUES_DRAWN }, kinds[i % kinds.length]!))
    return {
      ...drawn,
      counts: drawn.counts.map((seen) => seen * TIMES_SEEN),
      count: drawn.count * TIMES_SEEN,
      zeros: drawn.zeros * TIMES_SEEN,
    }
  })
}

export const title = `Thresholds of ${NUM_TENSORS} tensors, one thread`

export function run(options: Partial<BenchOptions> = {}): readonly SolveBenchResult[] {
  const { rounds = 11 } = options
  const histograms = tensors(NUM_TENSORS)
  const time = (mode: QuantMode) => {
    const start = performance.now()
    for (const histogram of histograms) solveThreshold(histogram, mode, { percent: 0.99999, qmax: 127 })
    return performance.now() - start
  }
  const times = Array.from({ length: rounds }, () => quantModes.map(time))
  return [
    ...quantModes.map((mode, i) => ({ mode, milliseconds: median(times.map((round) => round[i]!)) })),
    { mode: 'all', milliseconds: median(times.map((round) => round.reduce((a, b) => a + b, 0))) },
  ]
}

export function rows(results: readonly SolveBenchResult[]): Section['rows'] {
  return results.map(({ mode, milliseconds }) => ({ mode, ms: milliseconds.toFixed(1) }))
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const results = run()
  if (argv.includes('--json')) console.log(JSON.stringify({ title, rows: rows(results) }))
  else
    console.log(
      [title, ...results.map(({ mode, milliseconds }) => `${mode}: ${milliseconds.toFixed(1)} ms`)].join('\n'),
    )
}
