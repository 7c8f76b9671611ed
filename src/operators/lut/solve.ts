import type { Offence } from '../../fixedpoint/multiplier.js'
import { quantizedIn } from '../quantized.js'
import { union } from '../ranges.js'
import type { FixedOperator, IntegerRange, SolveContext, Solved } from '../types.js'
import type { PlannedLut } from './plan.js'
import { makeTable } from './table.js'

/** y = table[x + 128]. */
export interface FixedLut extends FixedOperator {
  /** 256 entries; int8 values for a narrow output, int16 for a wide one. */
  readonly table: Int16Array
  readonly label: string
}

export function solveLut(planned: PlannedLut, context: SolveContext): Solved<FixedLut> | Offence {
  const { kind, name, nodes, inputs, outputs, label } = planned
  const table = makeTable(planned.evaluate, quantizedIn(context, inputs[0]!), quantizedIn(context, outputs[0]!))
  if (!table) return { offence: `${label} is nowhere a number in the range of its input` }
  return { operator: { kind, name, nodes, inputs, outputs, table, label }, warnings: [] }
}

export function lutRanges({ table }: FixedLut): IntegerRange[] {
  return [union([...table].map((value) => [value, value]))]
}
