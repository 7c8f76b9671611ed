// Where the largest or least values are, and which: ArgMax, ArgMin, TopK. A scale is positive, so that the order of integers is that of the values. All of them are
// numbers, which IsInf and IsNaN find.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** Its outputs are the values of a TopK; indices are integers of the model itself, and no tensors of the chip. */
export interface PlannedRanking extends PlannedOperator {}

const ranking: ReadonlySet<string> = new Set(['ArgMax', 'ArgMin', 'TopK', 'IsInf', 'IsNaN'])

export function rankingOf(node: NodeProto, view: GraphView): Match<PlannedRanking> | Refusal | undefined {
  const [input, ...others] = node.input
  if (!ranking.has(node.opType) || !view.isActivation(input)) return undefined
  if (others.some((name) => view.isActivation(name))) return { refusal: 'how many it gives depends on activations' }
  const [values = ''] = node.opType === 'TopK' ? node.output : []
  const isRead = view.index.isGraphOutput(values) || view.index.consumers(values).length > 0
  if (isRead && !view.isActivation(values)) return { refusal: 'how many it gives is computed, not constant' }
  const outputs = node.output.filter((name) => view.isActivation(name))
  return { kind: 'ranking', nodes: [node], inputs: [input], outputs }
}
