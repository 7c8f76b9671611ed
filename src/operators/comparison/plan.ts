// Conditions on values: which of two is larger, whether they are equal.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Parts, partsOf } from '../parts.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** Of the first side with the second. */
export type Relation = 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual' | 'Equal'

const relations: ReadonlySet<string> = new Set<Relation>(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'])

/** It has no outputs: what it writes are conditions, and no tensors of the chip. */
export interface PlannedComparison extends PlannedOperator {
  readonly relation: Relation
  readonly parts: Parts
}

export function comparisonOf(node: NodeProto, view: GraphView): Match<PlannedComparison> | Refusal | undefined {
  const inputs = node.input.filter((name) => view.isActivation(name))
  if (!isRelation(node.opType) || inputs.length === 0) return undefined
  const parts = partsOf(node.input, view)
  if (!parts) return { refusal: 'what it compares with is neither an activation nor a constant' }
  if (parts.some((part) => part !== 'input' && part.data.some(Number.isNaN))) {
    return { refusal: 'it compares with what is not a number' }
  }
  return { kind: 'comparison', nodes: [node], inputs, outputs: [], relation: node.opType, parts }
}

function isRelation(type: string): type is Relation {
  return relations.has(type)
}
