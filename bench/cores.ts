// Claim: calibration scales with the cores as plain inference does, and a run writes the same bytes whatever the number of its workers.
// Side by side in one run: 1, 2, 4... workers in turn, up to the cores of this machine.

import { availableParallelism } from 'node:os'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'
import { type WholeRun, wholeRun, wordsFor } from './wholeRun.js'

export async function cores(options: BenchOptions): Promise<Section[]> {
  const of = options.model === undefined ? cases[0]! : imageCase(options.model)
  const images = options.model === undefined ? undefined : options.images
  if (images !== undefined) process.env.BENCH_IMAGES = images
  const counts = workerCounts(availableParallelism())
  return [await calibration(of, counts, options), await wholeRuns(of, counts, { ...options, images })]
}

/** 1, 2, 4... and all cores. */
function workerCounts(most: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(most)) }, (_, i) => 2 ** i)
  return [...powers, most]
}

async function calibration(of: BenchCase, counts: readonly number[], { rounds, seconds }: BenchOptions) {
  const rigs = await Promise.all(counts.map((count) => Rig.open(of, count)))
  const runs = rigs.map(() => ({ plain: [] as number[], calibration: [] as number[] }))
  // As many samples for each worker: at the end of a short run one waits for another.
  const one = await rigs[0]!.samplesIn(seconds)
  const each = counts.map((count) => one * count)
  for (const [i, rig] of rigs.entries()) await rig.calibrate(each[i]!)
  for (let round = 0; round < rounds; round++) {
    for (const [i, rig] of rigs.entries()) {
      runs[i]!.calibration.push(each[i]! / (await rig.calibrate(each[i]!)).seconds)
      runs[i]!.plain.push(each[i]! / (await rig.plain(each[i]!)).seconds)
    }
  }
  await Promise.all(rigs.map((rig) => rig.close()))
  const rows = counts.map((count, i) => ({
    workers: count,
    'calibration samples/s': round1(median(runs[i]!.calibration)),
    'times one worker': times(runs[i]!.calibration, runs[0]!.calibration),
    'plain samples/s': round1(median(runs[i]!.plain)),
    'times one thread': times(runs[i]!.plain, runs[0]!.plain),
  }))
  return { title: `Calibration in all five modes on decoded samples, and plain inference, ${of.name}`, rows }
}

async function wholeRuns(of: BenchCase, counts: readonly number[], { rounds, samples, images }: BenchOptions) {
  const words = wordsFor(of, samples, ['./decoded.js', images === undefined ? 'decoded' : 'photographs'])
  const runs: WholeRun[][] = counts.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, count] of counts.entries()) runs[i]!.push(await wholeRun([...words, '-cn', String(count)]))
  }
  const rows = counts.map((count, i) => ({ workers: count, ...columns(runs[i]!, runs[0]!) }))
  const kind = images === undefined ? 'decoded samples' : 'photographs, which are decoded each time'
  return { title: `A whole run with the defaults, ${samples} ${kind}, ${of.name}`, rows }
}

function columns(runs: readonly WholeRun[], one: readonly WholeRun[]) {
  const seconds = (of: (run: WholeRun) => number) => round2(median(runs.map(of)))
  const pass = (name: string) => seconds(({ passSeconds }) => passSeconds[name] ?? 0)
  const passes = ['calibrating', 'trying', 'evaluating', 'comparing'].map((name) => [`${name} s`, pass(name)] as const)
  const { digest } = one[0]!
  return {
    ...Object.fromEntries(passes),
    'whole run s': seconds((run) => run.seconds),
    'times one worker': times(
      runs.map((run) => 1 / run.seconds),
      one.map((run) => 1 / run.seconds),
    ),
    'main thread s': seconds((run) => run.mainThreadSeconds),
    'peak MB': Math.round(median(runs.map(({ maxRssMb }) => maxRssMb))),
    bytes: runs.every((run) => run.digest === digest) ? 'the same' : 'DIFFERENT',
  }
}

/** The median of the rounds' ratios. */
function times(rates: readonly number[], one: readonly number[]): number {
  return round2(median(rates.map((rate, round) => rate / one[round]!)))
}

const round1 = (value: number) => Math.round(value * 10) / 10
const round2 = (value: number) => Math.round(value * 100) / 100
