import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { fits, product, requantize } from '../../oracle/arithmetic.js'
import { rowsOver } from '../../oracle/rows.js'
import { type FixedSoftmax, FRACTION_BITS } from './solve.js'

export function referenceSoftmax(operator: FixedSoftmax, [input]: readonly IntTensor[]): IntTensor[] {
  const { axes, highTable, lowTable, bounds } = operator
  const { dims, data } = input!
  const result = new Int32Array(data.length)
  for (const places of rowsOver(axes, dims)) {
    const row = places.map((at) => data[at]!)
    const most = row.reduce((a, b) => Math.max(a, b))
    const powers = row.map((x) => {
      const distance = most - x
      return rshift(product(highTable[distance >> 8]!, lowTable[distance & 255]!), FRACTION_BITS)
    })
    const sum = fits(
      powers.reduce((a, b) => a + b, 0),
      32,
      'The sum of exponentials',
    )
    powers.forEach((power, i) => {
      const share = (BigInt(power) * BigInt(2 ** (FRACTION_BITS + 1)) + BigInt(sum)) / (2n * BigInt(sum))
      result[places[i]!] = clip(requantize(Number(share), operator.requantize), bounds.low, bounds.high)
    })
  }
  return [{ dims, data: result }]
}
