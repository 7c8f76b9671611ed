// ONNX Runtime's own operators, which its optimizer writes into the models that it saves, in standard operators: one lowering an operator. What
// has none here stays, and runs in float.

import { CONTRIB_DOMAIN } from '../../operators.js'
import type { ImportStep } from '../step.js'
import { lowerings } from './lowerings.js'
import { Writer } from './writer.js'

export const lowerContrib: ImportStep = (proto) => {
  const writer = new Writer(proto)
  const lowered = new Map<string, number>()
  const node = proto.graph.node.flatMap((one) => {
    const lowering = one.domain === CONTRIB_DOMAIN ? lowerings[one.opType] : undefined
    const nodes = lowering && writer.collect(one, lowering)
    if (nodes === undefined) return [one]
    lowered.set(one.opType, (lowered.get(one.opType) ?? 0) + 1)
    return nodes
  })
  if (lowered.size === 0) return { proto }
  const graph = { ...proto.graph, node, initializer: [...proto.graph.initializer, ...writer.tensors] }
  const counts = [...lowered].map(([opType, count]) => `${opType} ${count}`)
  return { proto: { ...proto, graph }, line: `operators of ONNX Runtime in standard operators: ${counts.join(', ')}` }
}
