// An If whose condition is a constant becomes the branch that it takes. Exporters write one wherever the framework's code branched on dims.

import type { GraphIndex } from '../../graph.js'
import { tensorData } from '../../tensor.js'
import type { GraphProto, ModelProto, NodeProto } from '../../types.js'
import { expandNodes, type Pass } from '../pass.js'
import { branchOf, inlineBranch, isIf } from './branches.js'

export const foldIf: Pass = {
  title: 'If nodes of a constant condition replaced by their branch',
  apply(proto: ModelProto) {
    return expandNodes(proto, (node, { index, unique }) => {
      const branch = branchTaken(node, index)
      return branch && inlineBranch(branch, node.output, unique)
    })
  },
}

function branchTaken(node: NodeProto, index: GraphIndex): GraphProto | undefined {
  const condition = index.initializer(node.input[0] ?? '')
  if (!isIf(node) || condition === undefined) return undefined
  return branchOf(node, Number(tensorData(condition)[0]) === 0 ? 'else_branch' : 'then_branch')
}
