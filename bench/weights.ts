// Claim: rounding weights with SIMD takes at most a fifth of the time of the obvious loop, and gives the same integers.

import { roundHalfAway } from '../src/fixedpoint/rounding.js'
import { factsOf, roundRow } from '../src/fixedpoint/weights.js'
import { median } from './median.js'
import type { BenchOptions, Section } from './types.js'

const ROWS = 1024
const DEPTH = 4096

/** Sums of uniform numbers: nearly normal, as trained weights are. */
function weights(): Float32Array[] {
  let state = 1
  const uniform = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647 - 0.5
  }
  const one = () => uniform() + uniform() + uniform() + uniform()
  return Array.from({ length: ROWS }, () => Float32Array.from({ length: DEPTH }, one))
}

function obvious(row: Float32Array, scale: number): Int8Array {
  const integers = new Int8Array(row.length)
  for (let k = 0; k < row.length; k++) {
    const rounded = roundHalfAway(row[k]! / scale)
    integers[k] = rounded > 127 ? 127 : rounded < -127 ? -127 : rounded
  }
  return integers
}

export function roundingBench({ rounds }: Pick<BenchOptions, 'rounds'>): Section[] {
  const rows = weights()
  const scales = rows.map((row) => factsOf(row).largest / 127)
  const integers = new Int8Array(DEPTH)
  const time = (round: (row: Float32Array, scale: number) => ArrayLike<number>) => {
    const start = performance.now()
    const last = rows.map((row, i) => round(row, scales[i]!)).at(-1)!
    return { ns: ((performance.now() - start) * 1e6) / (ROWS * DEPTH), last: String(last) }
  }
  const runs = Array.from({ length: rounds }, () => ({
    plain: time(obvious),
    own: time((row, scale) => {
      roundRow(row, scale, 8, integers)
      return integers
    }),
  }))
  if (runs.some(({ plain, own }) => plain.last !== own.last)) throw new Error('the integers differ')
  const [plain, own] = [median(runs.map((run) => run.plain.ns)), median(runs.map((run) => run.own.ns))]
  const ratio = median(runs.map((run) => run.plain.ns / run.own.ns))
  const row = { 'obvious loop': plain.toFixed(2), squire: own.toFixed(2), 'loop / squire': ratio.toFixed(2) }
  return [{ title: `Rounding ${ROWS * DEPTH} weights to 8 bits, one thread, ns a weight`, rows: [row] }]
}
