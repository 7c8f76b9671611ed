// Claim: the thresholds of 100 tensors in all five modes take under a second on one core.
// Run: node dist/bench/solve.js [--json]. Synthetic activations: what a Relu, a linear layer, a Relu6, a sigmoid and a smooth
// activation put out, 20 of each, as many values as there are in a few hundred images' feature maps.

import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import { type QuantMode, quantModes } from '../src/config.js'
import { emptyHistogram, observe } from '../src/histogram/histogram.js'
import type { Histogram } from '../src/histogram/types.js'
import { solveThreshold } from '../src/solve/threshold.js'

export interface SolveBenchOptions {
  readonly numTensors: number
  readonly rounds: number
}

export interface SolveBenchResult extends SolveBenchOptions {
  /** Median over the rounds of the time for all tensors. */
  readonly milliseconds: Readonly<Record<QuantMode | 'all', number>>
}

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

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

export function run(options: Partial<SolveBenchOptions> = {}): SolveBenchResult {
  const { numTensors = 100, rounds = 5 } = options
  const histograms = tensors(numTensors)
  const time = (mode: QuantMode) => {
    const start = performance.now()
    for (const histogram of histograms) solveThreshold(histogram, mode, { percent: 0.99999, levels: 127 })
    return performance.now() - start
  }
  const samples = Array.from({ length: rounds }, () => quantModes.map(time))
  const milliseconds = Object.fromEntries([
    ...quantModes.map((mode, i) => [mode, median(samples.map((round) => round[i]!))]),
    ['all', median(samples.map((round) => round.reduce((a, b) => a + b, 0)))],
  ]) as Record<QuantMode | 'all', number>
  return { numTensors, rounds, milliseconds }
}

export function table({ numTensors, rounds, milliseconds }: SolveBenchResult): string {
  const lines = Object.entries(milliseconds).map(([mode, ms]) => `${mode.padEnd(12)}${ms.toFixed(1).padStart(8)} ms`)
  return [`thresholds of ${numTensors} tensors, one core, median of ${rounds} rounds`, ...lines].join('\n')
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const result = run()
  console.log(argv.includes('--json') ? JSON.stringify(result) : table(result))
}
