import { clip } from '../../fixedpoint/rounding.js'
import type { IntTensor } from '../../fixedpoint/types.js'
import { product } from '../../oracle/arithmetic.js'
import { broadcast } from '../../oracle/broadcast.js'
import { DIVIDEND_BITS, type FixedQuotient } from './solve.js'

export function referenceQuotient(operator: FixedQuotient, [left, right]: readonly IntTensor[]): IntTensor[] {
  const { multiplier, shift } = operator.requantize
  const divide = (a: number, b: number) => {
    const dividend = BigInt(product(a, multiplier)) << BigInt(DIVIDEND_BITS)
    const divisor = BigInt(b === 0 ? 1 : b) << BigInt(shift)
    return clip(Number(rounded(dividend, divisor)), operator.low, operator.high)
  }
  return [broadcast(left!, right!, divide)]
}

/** a / b, halves away from zero. BigInt's division drops what is behind the point. */
function rounded(a: bigint, b: bigint): bigint {
  const [dividend, divisor] = [a < 0n ? -a : a, b < 0n ? -b : b]
  const magnitude = (2n * dividend + divisor) / (2n * divisor)
  return a < 0n === b < 0n ? magnitude : -magnitude
}
