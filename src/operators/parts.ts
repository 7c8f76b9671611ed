// Operators like Concat and Max read several tensors at one scale. Each tensor is a part of such an operator: an activation, which is requantized
// where it has another scale or width, or a constant, which is rounded to the output's scale.

import type { Emitter } from '../emit/builder.js'
import { requantizeFewToRange } from '../emit/roundedProduct.js'
import { type Offence, requantizeBy } from '../fixedpoint/multiplier.js'
import { clip, roundHalfAway } from '../fixedpoint/rounding.js'
import type { QuantizedTensor, Requantize } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { FloatConstant, GraphView } from '../plan/view.js'
import type { EmitContext, SolveContext } from './contexts.js'
import { quantizedIn } from './quantized.js'
import { signedRange, union } from './ranges.js'
import type { IntConstant } from './scaling/solve.js'
import type { FixedOperator, IntegerRange, PlannedOperator } from './types.js'

/** In the node's order: a constant, or 'input' for the operator's next input. */
export type Parts = readonly (FloatConstant | 'input')[]

/** A constant at the output's scale; or clip(rshift(x * multiplier, shift)) of the operator's next input, x itself where nothing is given. */
export type FixedPart = { readonly constant: IntConstant } | { readonly requantize: Requantize | undefined }

/** Undefined where one is neither an activation nor a constant float tensor. */
export function partsOf(names: readonly string[], view: GraphView): Parts | undefined {
  const parts = names.map((name) => (view.isActivation(name) ? 'input' : view.constant(name)))
  return parts.every((part) => part !== undefined) ? parts : undefined
}

export const hasConstants = (parts: Parts) => parts.some((part) => part !== 'input')

export function solveParts(
  { inputs, outputs, parts }: PlannedOperator & { readonly parts: Parts },
  context: SolveContext,
): FixedPart[] | Offence {
  const to = quantizedIn(context, outputs[0]!)
  const remaining = [...inputs]
  const fixed: FixedPart[] = []
  for (const part of parts) {
    if (part !== 'input') {
      fixed.push({ constant: integersOf(part, to) })
      continue
    }
    const { scale, bits } = quantizedIn(context, remaining.shift()!)
    const same = scale === to.scale && bits === to.bits
    const by = same ? undefined : requantizeBy(scale / to.scale, 'q2', context.chip)
    if (by && 'offence' in by) return by
    fixed.push({ requantize: by })
  }
  return fixed
}

function integersOf({ dims, data }: FloatConstant, { scale, bits }: QuantizedTensor): IntConstant {
  const [low, high] = rangeOf(bits)
  return { dims, data: Int16Array.from(data, (value) => clip(roundHalfAway(value / scale), low, high)) }
}

/** The integers that the parts together can hold. */
export function partsRange(
  parts: readonly FixedPart[],
  inputs: readonly IntegerRange[],
  output: QuantizedTensor,
): IntegerRange {
  const remaining = [...inputs]
  return union(
    parts.map((part) => {
      if ('constant' in part) return spanOf(part.constant.data)
      const range = remaining.shift()!
      return part.requantize ? signedRange(range, output) : range
    }),
  )
}

/** An empty constant, the updates of a ScatterND that writes nothing for one, adds no value but zero. */
function spanOf(values: Int16Array): IntegerRange {
  if (values.length === 0) return [0, 0]
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
}

/** The names of the parts' integers, all at the output's scale. */
export function emitParts(
  e: Emitter,
  operator: FixedOperator & { readonly parts: readonly FixedPart[] },
  context: EmitContext,
): string[] {
  const [low, high] = rangeOf(context.quantized(operator.outputs[0]!)!.bits)
  const remaining = [...operator.inputs]
  return operator.parts.map((part) => {
    if ('constant' in part) return e.vector('constant', 'float32', part.constant.dims, part.constant.data)
    const x = context.integers(remaining.shift()!)
    const by = part.requantize
    return by === undefined ? x.name : requantizeFewToRange(e, x, by, low, high)
  })
}

/** What the scale JSON says of them: null for what is at the output's scale already. */
export function partParameters(parts: readonly FixedPart[]) {
  return parts.map((part) => ('constant' in part ? { constant: [...part.constant.data] } : (part.requantize ?? null)))
}
