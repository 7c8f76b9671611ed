import type { Offence } from '../../fixedpoint/multiplier.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, IntegerRange, SolveContext, Solved } from '../types.js'
import type { PlannedLut } from './plan.js'
import { makeTable } from './table.js'

/**
 * With segmentBits 0: y = table[x + 128]. Else, for i = floor((x + 2^15) / 2^segmentBits) and r = x + 2^15 - i * 2^segmentBits:
 * y = table[i] + rshift((table[i + 1] - table[i]) * r, segmentBits).
 */
export interface FixedLut extends FixedOperator {
  /** One entry an input of 8 bits; 2^n + 1 points over inputs of 16 bits. */
  readonly table: Int16Array
  /** A segment between two points is 2^segmentBits inputs long. */
  readonly segmentBits: number
  readonly label: string
}

export function solveLut(planned: PlannedLut, context: SolveContext): Solved<FixedLut> | Offence {
  const { kind, name, nodes, inputs, outputs, label, evaluate } = planned
  const input = quantizedIn(context, inputs[0]!)
  const segmentBits = input.bits > 8 ? input.bits - context.lutBits : 0
  const table = makeTable(evaluate, input, quantizedIn(context, outputs[0]!), segmentBits)
  if (!table) return { offence: `${label} is nowhere a number in the range of its input` }
  return { operator: { kind, name, nodes, inputs, outputs, table, segmentBits, label }, warnings: [] }
}

/** Between two points nothing leaves what they span. */
export function lutRanges({ table }: FixedLut): IntegerRange[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of table) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [[low, high]]
}
