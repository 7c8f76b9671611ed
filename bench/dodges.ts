// Claim: each of the three ways around the runtime's costs (src/calibrate/dodges) makes calibration faster. The side by side: calibration with
// all of them, without one, and with none, in turn.

import { allDodges, type Dodge } from '../src/calibrate/dodges/dodges.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const THREADS = 1
/** Of one side in one round: the whole bench takes about a minute. */
const SECONDS = 0.4

export async function dodges({ rounds, model }: Pick<BenchOptions, 'rounds' | 'model'>): Promise<Section[]> {
  const rows = []
  for (const of of [...(model === undefined ? [] : [imageCase(model)]), ...cases]) {
    rows.push(...(await measure(of, rounds)))
  }
  return [
    { title: 'Calibration without a way around the runtime, beside calibration with all of them, one thread', rows },
  ]
}

async function measure(of: BenchCase, rounds: number): Promise<Section['rows']> {
  const sides: ReadonlyMap<string, readonly Dodge[]> = new Map([
    ...allDodges.map((dodge) => [dodge, allDodges.filter((other) => other !== dodge)] as const),
    ['all three', []],
  ])
  const on = await Rig.open(of, THREADS, allDodges)
  const off = await Promise.all([...sides.values()].map((used) => Rig.open(of, THREADS, used)))
  try {
    const samples = await samplesIn(SECONDS, on)
    const times = await inTurn([on, ...off], rounds, samples)
    const ms = (of: number) => ((1000 * median(times.map((row) => row[of]!))) / samples).toFixed(2)
    return [...sides.keys()].map((left, i) => ({
      model: of.name,
      without: left,
      'on ms': ms(0),
      'off ms': ms(i + 1),
      'off / on': median(times.map((row) => row[i + 1]! / row[0]!)).toFixed(2),
    }))
  } finally {
    await Promise.all([on, ...off].map((rig) => rig.close()))
  }
}

/** How many samples are calibrated in so many seconds. */
async function samplesIn(seconds: number, rig: Rig): Promise<number> {
  await rig.calibrate(4)
  for (let samples = 8; ; samples *= 2) {
    const taken = await passes(rig, samples)
    if (taken >= seconds / 4) return Math.max(8, Math.round((samples * seconds) / taken))
  }
}

/** Seconds of each side, round by round. */
async function inTurn(rigs: readonly Rig[], rounds: number, samples: number): Promise<number[][]> {
  for (const rig of rigs) await rig.calibrate(4)
  const times: number[][] = []
  for (let round = 0; round < rounds; round++) {
    const row = []
    for (const rig of rigs) row.push(await passes(rig, samples))
    times.push(row)
  }
  return times
}

/** Seconds without those in which thresholds are solved, which no dodge touches. */
async function passes(rig: Rig, samples: number): Promise<number> {
  const { seconds, solveSeconds } = await rig.calibrate(samples)
  return seconds - solveSeconds
}
