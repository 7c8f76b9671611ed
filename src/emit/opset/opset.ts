// Raises nodes to a later opset: those of 1 to 6 to 7, with which the runtime begins, those of 7 to 12 to 13, where every operator that squire emits
// has one form, or up to 18 where the user asks for it (-ov).

import { SquireError } from '../../errors.js'
import { isStandardDomain } from '../../onnx/operators.js'
import type { GraphProto, NodeProto, TensorInfo } from '../../onnx/types.js'
import type { GraphBuilder } from '../builder.js'
import { oldChanges } from './oldUpgrades.js'
import { changes, type Surroundings } from './upgrades.js'

export const EMITTED_OPSET = 13

export function surroundingsIn(builder: GraphBuilder, tensors: ReadonlyMap<string, TensorInfo>): Surroundings {
  return {
    initializer: (wish, dataType, dims, data) => builder.initializer(wish, dataType, dims, data),
    name: (wish) => builder.name(wish),
    rank: (tensor) => tensors.get(tensor)?.dims.length,
    dataType: (tensor) => tensors.get(tensor)?.dataType,
  }
}

/** The nodes in the form of opset `target` or later. Throws SquireError UNSUPPORTED naming every node that has none. */
export function upgradeNodes(
  nodes: readonly NodeProto[],
  opset: number,
  around: Surroundings,
  target: number = EMITTED_OPSET,
): NodeProto[] {
  const failures: string[] = []
  const upgraded = opset >= target ? [...nodes] : upgradeAll(nodes, { opset, target, around, failures })
  if (failures.length === 0) return upgraded
  const head = `The model's opset is ${opset}; squire writes opset ${target} and cannot convert:`
  throw new SquireError(
    'UNSUPPORTED',
    [head, ...failures, `Export the model again with opset ${target} or later.`].join('\n'),
  )
}

interface Raise {
  readonly opset: number
  readonly target: number
  readonly around: Surroundings
  readonly failures: string[]
}

function upgradeAll(nodes: readonly NodeProto[], raise: Raise): NodeProto[] {
  return nodes.flatMap((node) => {
    const result = upgradeNode(node, raise)
    return result.map((item) => mapSubgraphs(item, (inner) => upgradeAll(inner.node, raise)))
  })
}

/** A node through every change of its operator between the two opsets. */
function upgradeNode(node: NodeProto, { opset, target, around, failures }: Raise): readonly NodeProto[] {
  const known = isStandardDomain(node.domain)
    ? [oldChanges.get(node.opType) ?? [], changes[node.opType] ?? []].flat(2)
    : []
  let nodes: readonly NodeProto[] = [node]
  for (const { since, upgrade } of known) {
    if (opset >= since || since > target) continue
    // A change after the first concerns the node that still is this operator.
    nodes = nodes.flatMap((one) => {
      const result = one.opType === node.opType ? upgrade(one, around) : [one]
      if (typeof result !== 'string') return result
      failures.push(`${node.opType} "${node.name}": ${result}`)
      return []
    })
  }
  return nodes
}

export function mapSubgraphs(node: NodeProto, nodesOf: (graph: GraphProto) => NodeProto[]): NodeProto {
  const mapGraph = (graph: GraphProto): GraphProto => ({ ...graph, node: nodesOf(graph) })
  const attribute = node.attribute.map((item) => ({
    ...item,
    ...(item.g !== undefined && { g: mapGraph(item.g) }),
    ...(item.graphs !== undefined && { graphs: item.graphs.map(mapGraph) }),
  }))
  return { ...node, attribute }
}
