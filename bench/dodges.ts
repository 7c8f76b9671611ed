// Claim: each of the three ways around the runtime's costs (src/calibrate/dodges) makes calibration faster. The side by side: calibration with
// all of them, without one, and with none, in turn.

import { allDodges, type Dodge } from '../src/calibrate/dodges/dodges.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const THREADS = 1

export async function dodges({ rounds, samples, model }: BenchOptions): Promise<Section[]> {
  const rows = []
  for (const of of [...(model === undefined ? [] : [imageCase(model)]), ...cases]) {
    rows.push(...(await measure(of, rounds, samples)))
  }
  return [
    { title: 'Calibration without a way around the runtime, beside calibration with all of them, one thread', rows },
  ]
}

async function measure(of: BenchCase, rounds: number, samples: number): Promise<Section['rows']> {
  const sides: ReadonlyMap<string, readonly Dodge[]> = new Map([
    ...allDodges.map((dodge) => [dodge, allDodges.filter((other) => other !== dodge)] as const),
    ['all three', []],
  ])
  const on = await Rig.open(of, THREADS, allDodges)
  const off = await Promise.all([...sides.values()].map((used) => Rig.open(of, THREADS, used)))
  try {
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

/** Seconds of each side, round by round. */
async function inTurn(rigs: readonly Rig[], rounds: number, samples: number): Promise<number[][]> {
  for (const rig of rigs) await rig.calibrate(4)
  const times: number[][] = []
  for (let round = 0; round < rounds; round++) {
    const row = []
    for (const rig of rigs) row.push((await rig.calibrate(samples)).seconds)
    times.push(row)
  }
  return times
}
