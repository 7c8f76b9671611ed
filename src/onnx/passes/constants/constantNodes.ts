// Constant nodes become initializers, so that every other pass meets constants in one form.

import { toBigInt } from '../../elements/int64.js'
import { isStandardDomain } from '../../operators.js'
import { makeTensor } from '../../tensor.js'
import { type AttributeProto, DataType, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { changed, type Pass, replaceNodes } from '../pass.js'

export const constantNodes = {
  title: 'Constant nodes made initializers',
  apply(proto: ModelProto) {
    const nodes = new Map<NodeProto, undefined>()
    const tensors: TensorProto[] = []
    for (const node of proto.graph.node) {
      const tensor = constantOf(node)
      if (tensor === undefined) continue
      nodes.set(node, undefined)
      tensors.push(tensor)
    }
    return changed(proto, replaceNodes(proto.graph, { nodes, tensors }), nodes.size)
  },
} satisfies Pass

/** The tensor a Constant node makes; undefined for other nodes and for forms left to the runtime (strings, sparse tensors). */
function constantOf(node: NodeProto): TensorProto | undefined {
  const [name] = node.output
  const [attribute] = node.attribute
  if (node.opType !== 'Constant' || !isStandardDomain(node.domain) || name === undefined) return undefined
  return attribute && tensorOf(name, attribute)
}

function tensorOf(name: string, { name: kind, t, f, i, floats, ints }: AttributeProto): TensorProto | undefined {
  switch (kind) {
    case 'value':
      return t && { ...t, name }
    case 'value_float':
      return makeTensor(name, DataType.FLOAT, [], Float32Array.of(f ?? 0))
    case 'value_floats':
      return makeTensor(name, DataType.FLOAT, [floats?.length ?? 0], Float32Array.from(floats ?? []))
    case 'value_int':
      return makeTensor(name, DataType.INT64, [], BigInt64Array.of(toBigInt(i ?? 0)))
    case 'value_ints':
      return makeTensor(name, DataType.INT64, [ints?.length ?? 0], BigInt64Array.from((ints ?? []).map(toBigInt)))
    default:
      return undefined
  }
}
