// What is known without running anything: the dims of static tensors become constants (Shape, Size), and a Cast to the type that its input has
// already goes. The runtime infers dims and types.

import { intAttribute } from '../../attribute.js'
import { isStandardDomain } from '../../operators.js'
import type { Inferred } from '../../shapes/inference.js'
import { elementCount, makeTensor } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { factsOf } from '../facts.js'
import { changed, type Pass, replaceNodes } from '../pass.js'

const kinds: ReadonlySet<string> = new Set(['Shape', 'Size', 'Cast'])

export const foldInferred: Pass = {
  title: 'dims of static tensors made constants, casts to the same type removed',
  async apply(proto: ModelProto) {
    const { graph } = proto
    const candidates = graph.node.filter(({ opType, domain }) => kinds.has(opType) && isStandardDomain(domain))
    if (candidates.length === 0) return { proto, count: 0 }
    const facts = await factsOf(proto)
    const nodes = new Map<NodeProto, NodeProto | undefined>()
    const tensors: TensorProto[] = []
    for (const node of candidates) {
      const fact = facts.get(node.input[0]!)
      const known = fact && (node.opType === 'Cast' ? identity(node, fact.dataType) : dimsOf(node, fact.dims))
      if (known === undefined) continue
      if ('opType' in known) nodes.set(node, known)
      else {
        nodes.set(node, undefined)
        tensors.push(known)
      }
    }
    return changed(proto, replaceNodes(graph, { nodes, tensors }), nodes.size)
  },
}

/** An Identity, which another pass removes. */
function identity(node: NodeProto, dataType: number): NodeProto | undefined {
  return intAttribute(node, 'to', 0) === dataType ? { ...node, opType: 'Identity', attribute: [] } : undefined
}

/** Without dims a tensor may be of unknown rank. */
function dimsOf(node: NodeProto, dims: Inferred['dims']): TensorProto | undefined {
  const [name] = node.output
  const numbers = dims.filter((dim): dim is number => typeof dim === 'number')
  if (dims.length === 0 || numbers.length < dims.length) return undefined
  if (node.opType === 'Size')
    return makeTensor(name!, DataType.INT64, [], BigInt64Array.of(BigInt(elementCount(numbers))))
  const asked = numbers.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', numbers.length))
  return makeTensor(name!, DataType.INT64, [asked.length], BigInt64Array.from(asked.map(BigInt)))
}
