import { type Integers, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import type { EmitContext } from '../contexts.js'
import type { FixedComparison } from './solve.js'

/** The condition keeps its name. */
export function emitComparison(e: Emitter, operator: FixedComparison, context: EmitContext): string[] {
  const remaining = [...operator.inputs]
  const [left, right] = operator.sides.map((side): Integers => {
    if ('multiplier' in side) return requantize(e, context.integers(remaining.shift()!), side.multiplier, 0)
    return { name: e.vector('constant', 'float32', side.dims, side.data), type: 'float32', bound: 2 ** 16 }
  }) as [Integers, Integers]
  const sides = left.type === right.type ? [left, right] : [toFloat64(e, left), toFloat64(e, right)]
  const condition = operator.nodes[0]!.output[0]!
  e.emit(operator.relation, [sides[0]!.name, sides[1]!.name], [], condition)
  return []
}
