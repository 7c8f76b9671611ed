import { type Offence, requantizeBy } from '../../fixedpoint/multiplier.js'
import type { Bounds } from '../../fixedpoint/shiftChoice.js'
import type { Requantize } from '../../fixedpoint/types.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, Solved } from '../types.js'
import type { PlannedProduct } from './plan.js'

/** y = clip(rshift(rshift(sum, q0) * multiplier, shift)): q0 is 0 where the sum has 34 bits or fewer, as on 8-bit inputs. */
export interface FixedProduct extends FixedOperator, Bounds {
  readonly depth: number
  readonly q0: number
  readonly requantize: Requantize
}

/** What the multiplier takes. */
const LARGEST_SUM_BITS = 34

export function solveProduct(planned: PlannedProduct, context: SolveContext): Solved<FixedProduct> | Offence {
  const { kind, name, nodes, inputs, outputs, factor, depth } = planned
  const to = quantizedIn(context, outputs[0]!)
  const [left, right] = [quantizedIn(context, inputs[0]!), quantizedIn(context, inputs[1]!)]
  const reach = depth * 2 ** (left.bits + right.bits - 2)
  const { accumulatorBits } = context.chip.accumulators[Math.max(left.bits, right.bits)]!
  if (reach >= 2 ** (accumulatorBits - 1)) {
    return { offence: `its sum can reach ${reach}, beyond ${accumulatorBits} bits` }
  }
  const q0 = Math.max(0, Math.ceil(Math.log2(reach)) - LARGEST_SUM_BITS)
  const requantize = requantizeBy((left.scale * right.scale * factor * 2 ** q0) / to.scale, 'q2', context.chip)
  if ('offence' in requantize) return requantize
  const operator = { kind, name, nodes, inputs, outputs, depth, q0, requantize, ...boundsOf(to, undefined) }
  return { operator, warnings: [] }
}
