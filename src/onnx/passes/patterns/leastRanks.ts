// A lower bound on each tensor's rank, from what is certain: constants, inputs (the runtime checks what is fed), and operators. What a model
// notes on other tensors is not: the runtime runs models whose notes are wrong.

import { isStandardDomain } from '../../operators.js'
import type { GraphProto, NodeProto } from '../../types.js'

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** Batch, channels and at least one axis more. */
const spatial = words('Conv ConvTranspose AveragePool MaxPool GlobalAveragePool GlobalMaxPool')
const broadcasting = words('Add Sub Mul Div Max Min Pow Sum')
/** The output has the dims of the first input, whatever the others. */
const keeping = words('BatchNormalization Clip Dropout HardSigmoid Identity LeakyRelu PRelu Relu Sigmoid Softmax Tanh')

/** Tensor name -> a rank it has at least. For nodes in topological order; what is not in it may be a scalar. */
export function leastRanks(graph: GraphProto): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>()
  for (const { name, type } of graph.input) ranks.set(name, type?.tensorType?.shape?.dim.length ?? 0)
  for (const { name, dims } of graph.initializer) ranks.set(name, dims.length)
  for (const node of graph.node) {
    const rank = leastRank(
      node,
      node.input.map((name) => ranks.get(name) ?? 0),
    )
    if (rank > 0) ranks.set(node.output[0]!, rank)
  }
  return ranks
}

function leastRank({ opType, domain }: NodeProto, inputs: readonly number[]): number {
  if (!isStandardDomain(domain)) return 0
  if (spatial.has(opType)) return 3
  if (broadcasting.has(opType)) return Math.max(...inputs)
  if (keeping.has(opType)) return inputs[0] ?? 0
  return opType === 'Gemm' ? 2 : 0
}
