import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { fits, product, requantize } from '../../oracle/arithmetic.js'
import { rowsOver } from '../../oracle/rows.js'
import { type Exponentials, type FixedLogSum, type FixedSoftmax, FRACTION_BITS, SEGMENT_BITS } from './solve.js'

export function referenceSoftmax(operator: FixedSoftmax, [input]: readonly IntTensor[]): IntTensor[] {
  const { axes, bounds } = operator
  const { dims, data } = input!
  const result = new Int32Array(data.length)
  for (const places of rowsOver(axes, dims)) {
    const { powers, sum } = exponentialsOf(
      places.map((at) => data[at]!),
      operator,
    )
    powers.forEach((power, i) => {
      const share = (BigInt(power) * BigInt(2 ** (FRACTION_BITS + 1)) + BigInt(sum)) / (2n * BigInt(sum))
      result[places[i]!] = clip(requantize(Number(share), operator.requantize), bounds.low, bounds.high)
    })
  }
  return [{ dims, data: result }]
}

export function referenceLogSum(operator: FixedLogSum, [input]: readonly IntTensor[]): IntTensor[] {
  const { axes, reduces, keepDims, q2, bounds } = operator
  const { dims, data } = input!
  const [first, second] = operator.requantize
  const result = new Int32Array(data.length)
  const reduced: number[] = []
  for (const places of rowsOver(axes, dims)) {
    const row = places.map((at) => data[at]!)
    const { most, sum } = exponentialsOf(row, operator)
    const added = requantize(logarithmOf(sum, operator), second)
    const finished = (value: number) => clip(rshift(requantize(value, first) + added, q2), bounds.low, bounds.high)
    if (reduces) reduced.push(finished(most))
    else for (const at of places) result[at] = finished(data[at]! - most)
  }
  if (!reduces) return [{ dims, data: result }]
  const isAlong = (axis: number) => axes.includes(axis - dims.length)
  const kept = dims.flatMap((size, axis) => (isAlong(axis) ? (keepDims ? [1] : []) : [size]))
  return [{ dims: kept, data: Int32Array.from(reduced) }]
}

function exponentialsOf(row: readonly number[], { highTable, lowTable }: Exponentials) {
  const most = row.reduce((a, b) => Math.max(a, b))
  const powers = row.map((x) => {
    const distance = most - x
    return rshift(product(highTable[distance >> 8]!, lowTable[distance & 255]!), FRACTION_BITS)
  })
  const total = powers.reduce((a, b) => a + b, 0)
  return { most, powers, sum: fits(total, 32, 'The sum of exponentials') }
}

function logarithmOf(sum: number, { powers, logarithms }: FixedLogSum): number {
  let p = 0
  while (2 ** (FRACTION_BITS + p + 1) <= sum) p++
  const m = Math.floor(sum / 2 ** p) - 2 ** FRACTION_BITS
  const i = Math.floor(m / 2 ** SEGMENT_BITS)
  const r = m - i * 2 ** SEGMENT_BITS
  const [before, after] = [logarithms[i]!, logarithms[i + 1]!]
  return powers[p]! + before + rshift(product(after - before, r), SEGMENT_BITS)
}
