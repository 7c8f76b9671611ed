// Rows of a constant table, by indices that are fed or computed: embeddings.

import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator } from '../types.js'

/** It has no inputs: indices stay on the float side, where the node reads them. */
export interface PlannedLookup extends PlannedOperator {
  readonly table: FloatConstant
}

export function lookupOf(node: NodeProto, view: GraphView): Match<PlannedLookup> | undefined {
  const [tableName, indices] = node.input
  const output = node.output[0]
  if (node.opType !== 'Gather' || !view.isActivation(output) || view.isActivation(indices)) return undefined
  const table = view.constant(tableName)
  return table && { kind: 'lookup', nodes: [node], inputs: [], outputs: [output], table }
}
