// Constants without a value among the parts of a Concat go, as a cache that starts empty leaves them: they add nothing.

import { elementCount, tensorDims } from '../../tensor.js'
import type { ModelProto, NodeProto } from '../../types.js'
import { changed, type Pass } from '../pass.js'

export const dropEmptyParts = {
  title: 'empty constants taken out of Concat nodes',
  apply(proto: ModelProto) {
    const { graph } = proto
    const constants = graph.initializer.filter((tensor) => elementCount(tensorDims(tensor)) === 0)
    const empty = new Set(constants.map(({ name }) => name))
    let count = 0
    const without = (node: NodeProto) => {
      if (node.opType !== 'Concat' || !node.input.some((name) => empty.has(name))) return node
      const input = node.input.filter((name) => !empty.has(name))
      if (input.length === 0) return node
      count++
      return { ...node, input }
    }
    return changed(proto, { node: empty.size === 0 ? graph.node : graph.node.map(without) }, count)
  },
} satisfies Pass
