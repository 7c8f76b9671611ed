import { clip, rshift } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { fits, product } from '../../oracle/arithmetic.js'
import { squareRoot } from '../../oracle/root.js'
import { rowsOver } from '../../oracle/rows.js'
import { scaled } from '../scaling/reference.js'
import { type FixedNormalization, NORMALIZED_SHIFT, normalizedRange } from './solve.js'

export function referenceNormalization(operator: FixedNormalization, [input]: readonly IntTensor[]): IntTensor[] {
  const { groups, length, axes, centered: isCentered, varianceShift, centeredShift, epsilonInt, scaling } = operator
  const { dims, data } = input!
  const normalized = new Int32Array(data.length)
  const rows = groups === undefined ? dims : [dims[0]!, groups, length]
  for (const places of rowsOver(axes, rows)) {
    const row = places.map((at) => data[at]!)
    const sum = isCentered ? row.reduce((a, b) => a + b, 0) : 0
    const centered = row.map((x) => length * x - sum)
    const squares = centered.map((c) => rshift(c, varianceShift) ** 2).reduce((a, b) => a + b, 0)
    const inverse = squareRoot(2n ** 52n / BigInt(fits(squares, 32, 'The sum of squares') + epsilonInt))
    centered.forEach((c, i) => {
      normalized[places[i]!] = clip(
        rshift(product(rshift(c, centeredShift), inverse), varianceShift - centeredShift + NORMALIZED_SHIFT),
        ...normalizedRange,
      )
    })
  }
  return [scaled({ dims, data: normalized }, scaling)]
}
