// Matrix products of two activations, as attention has them.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** y = factor * (a b) over the last two axes, the others broadcast. */
export interface PlannedProduct extends PlannedOperator {
  /** A scalar multiplied or divided by afterwards; the multiplier has it inside. */
  readonly factor: number
  /** Products in a sum. */
  readonly depth: number
}

/** Sums of more products of 8-bit integers leave 32 bits. */
const LARGEST_DEPTH = 2 ** 17 - 1

export function productOf(node: NodeProto, view: GraphView): Match<PlannedProduct> | Refusal | undefined {
  const [left, right] = node.input
  if (node.opType !== 'MatMul' || !view.isActivation(left) || !view.isActivation(right)) return undefined
  if (view.dims(left).length < 2 || view.dims(right).length < 2) return { refusal: 'one of its sides is a vector' }
  const depth = view.dims(left).at(-1)!
  if (depth > LARGEST_DEPTH) return { refusal: `a sum of ${depth} products leaves 32 bits` }
  const next = view.soleReader(node.output[0]!)
  const factor = next && scalarFactor(next, node.output[0]!, view)
  const nodes = next && factor !== undefined ? [node, next] : [node]
  const output = nodes.at(-1)!.output[0]!
  return { kind: 'product', nodes, inputs: [left, right], outputs: [output], factor: factor ?? 1, depth }
}

function scalarFactor({ opType, input, output }: NodeProto, tensor: string, view: GraphView): number | undefined {
  const value = view.scalar(input.find((name) => name !== tensor))
  if (value === undefined || view.dims(output[0]!).length !== view.dims(tensor).length) return undefined
  if (opType === 'Mul') return value
  return opType === 'Div' && input[0] === tensor && value !== 0 ? 1 / value : undefined
}
