// Sides of different scales are multiplied, not rounded: nothing is lost of what tells them apart but the 15th bit of the scales' ratio.

import { clip, roundHalfAway } from '../../fixedpoint/rounding.js'
import type { QuantizedTensor } from '../../fixedpoint/types.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { FloatConstant } from '../../plan/view.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedComparison, Relation } from './plan.js'

/** An input, times a multiplier; or integers. */
export type FixedSide =
  | { readonly multiplier: number }
  | { readonly dims: readonly number[]; readonly data: Int32Array }

/** x * multiplier, related to y * multiplier, or to integers. */
export interface FixedComparison extends FixedOperator {
  readonly relation: Relation
  readonly sides: readonly [FixedSide, FixedSide]
}

export function solveComparison(planned: PlannedComparison, context: SolveContext): Solved<FixedComparison> {
  const { kind, name, nodes, inputs, outputs, relation, parts } = planned
  const tensors = inputs.map((input) => quantizedIn(context, input))
  const largest = Math.max(...tensors.map(({ scale }) => scale))
  const same = tensors.every(({ scale }) => scale === largest)
  const [, most] = rangeOf(context.chip.multiplierBits)
  const remaining = [...tensors]
  const sides = parts.map((part, at): FixedSide => {
    if (part !== 'input') return integersOf(part, tensors[0]!, at === 1 ? relation : mirrored[relation])
    const { scale } = remaining.shift()!
    return { multiplier: same ? 1 : Math.round((scale / largest) * most) }
  })
  const operator = { kind, name, nodes, inputs, outputs, relation, sides: sides as [FixedSide, FixedSide] }
  return { operator, warnings: [] }
}

const mirrored = {
  Equal: 'Equal',
  Greater: 'Less',
  GreaterOrEqual: 'LessOrEqual',
  Less: 'Greater',
  LessOrEqual: 'GreaterOrEqual',
} as const

/**
 * The integers to which others have the relation that their values have to the constant; for equality the nearest. A value is what dequantizing gives, a
 * float32: 0.5 / scale in double would lie beside the integer that stands for 0.5.
 */
function integersOf({ dims, data }: FloatConstant, { scale, bits }: QuantizedTensor, relation: Relation): FixedSide {
  const [low, high] = rangeOf(bits)
  const round = rounding[relation]
  const integerOf = (value: number) => {
    const nearest = roundHalfAway(value / scale)
    return Math.fround(nearest * scale) === value ? nearest : round(value / scale)
  }
  return { dims, data: Int32Array.from(data, (value) => clip(integerOf(value), low - 1, high + 1)) }
}

const rounding = {
  Equal: roundHalfAway,
  Greater: Math.floor,
  GreaterOrEqual: Math.ceil,
  Less: Math.ceil,
  LessOrEqual: Math.floor,
}
