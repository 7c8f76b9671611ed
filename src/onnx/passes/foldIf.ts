// An If whose condition is a constant becomes the branch that it takes. Exporters write one wherever the framework's code branched on dims.

import { type GraphIndex, indexGraph, nameSource } from '../graph.js'
import { withUniqueNames } from '../nodeNames.js'
import { tensorData } from '../tensor.js'
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../types.js'
import { branchOf, inlineBranch, isIf } from './branches.js'
import { changed, type Pass } from './pass.js'

export const foldIf: Pass = {
  title: 'If nodes of a constant condition replaced by their branch',
  apply(proto: ModelProto) {
    const { graph } = proto
    const index = indexGraph(graph)
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    let count = 0
    const node = graph.node.flatMap((one) => {
      const branch = branchTaken(one, index)
      if (branch === undefined) return [one]
      count++
      const inlined = inlineBranch(branch, one.output, unique)
      initializer.push(...inlined.tensors)
      return inlined.nodes
    })
    return changed(proto, withUniqueNames({ ...graph, node, initializer }).graph, count)
  },
}

function branchTaken(node: NodeProto, index: GraphIndex): GraphProto | undefined {
  const condition = index.initializer(node.input[0] ?? '')
  if (!isIf(node) || condition === undefined) return undefined
  return branchOf(node, Number(tensorData(condition)[0]) === 0 ? 'else_branch' : 'then_branch')
}
