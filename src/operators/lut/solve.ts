import type { Offence } from '../../fixedpoint/multiplier.js'
import { rshift } from '../../fixedpoint/rounding.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, IntegerRange, SolveContext, Solved } from '../types.js'
import type { PlannedLut } from './plan.js'
import { makeTable } from './table.js'

/**
 * With segmentBits 0: y = table[x + 128]. Else, for i = floor((x + 2^15) / 2^segmentBits) and r = x + 2^15 - i * 2^segmentBits:
 * y = rshift(table[i] * 2^segmentBits + (table[i + 1] - table[i]) * r, segmentBits + fractionBits).
 */
export interface FixedLut extends FixedOperator {
  /** One entry an input of 8 bits; 2^n + 1 points over inputs of 16 bits. */
  readonly table: Int16Array
  /** A segment between two points is 2^segmentBits inputs long. */
  readonly segmentBits: number
  /** Points have this many bits behind the point: what fills their 16 bits, so that an output of 8 bits is rounded once. */
  readonly fractionBits: number
  readonly label: string
}

/** Of a point between segments. */
const POINT_BITS = 16

export function solveLut(planned: PlannedLut, context: SolveContext): Solved<FixedLut> | Offence {
  const { kind, name, nodes, inputs, outputs, label, evaluate } = planned
  const input = quantizedIn(context, inputs[0]!)
  const segmentBits = input.bits > 8 ? input.bits - context.lutBits : 0
  const output = quantizedIn(context, outputs[0]!)
  const fractionBits = segmentBits > 0 ? POINT_BITS - output.bits : 0
  const table = makeTable(evaluate, input, output, segmentBits, fractionBits)
  if (!table) return { offence: `${label} is nowhere a number in the range of its input` }
  return { operator: { kind, name, nodes, inputs, outputs, table, segmentBits, fractionBits, label }, warnings: [] }
}

/** Between two points nothing leaves what they span. */
export function lutRanges({ table, fractionBits }: FixedLut): IntegerRange[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of table) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [[rshift(low, fractionBits), rshift(high, fractionBits)]]
}
