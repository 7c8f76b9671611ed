// Adding, subtracting, multiplying or dividing by a constant, one value a channel, moves into the Conv, ConvTranspose or Gemm before it
// when nothing else reads what that writes.

import type { GraphIndex } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import type { ModelProto, NodeProto } from '../../types.js'
import type { Pass } from '../pass.js'
import { type Candidate, foldIntoLinear } from './foldIntoLinear.js'
import { type ChannelMap, channelValues, floatConstant } from './linear.js'

export const foldArithmetic: Pass = {
  title: 'Add, Sub, Mul and Div by constants folded into weights',
  apply: (proto: ModelProto) => foldIntoLinear(proto, arithmetic),
}

/** A node that adds, subtracts, multiplies or divides by a constant. */
export function arithmetic(node: NodeProto, index: GraphIndex): Candidate | undefined {
  const [left = '', right = ''] = node.input
  const constantFirst = floatConstant(left, index)
  const constant = constantFirst ?? floatConstant(right, index)
  const toMap = maps[node.opType]?.[constantFirst === undefined ? 'last' : 'first']
  if (!isStandardDomain(node.domain) || constant === undefined || toMap === undefined) return undefined
  return {
    input: constantFirst === undefined ? left : right,
    mapFor({ rank, channels }) {
      const values = channelValues(constant, rank, channels, 1)
      return values && toMap(values)
    },
  }
}

type ToMap = (values: Float64Array) => ChannelMap

const add: ToMap = (values) => ({ scale: values.map(() => 1), shift: values })
const multiply: ToMap = (values) => ({ scale: values, shift: values.map(() => 0) })

/** By operator, and by whether the constant is its first or its last input. */
const maps: Readonly<Record<string, { readonly first?: ToMap; readonly last?: ToMap }>> = {
  Add: { first: add, last: add },
  Mul: { first: multiply, last: multiply },
  Sub: {
    first: (values) => ({ scale: values.map(() => -1), shift: values }),
    last: (values) => add(values.map((value) => -value)),
  },
  Div: { last: (values) => multiply(values.map((value) => 1 / value)) },
}
