// Choices between tensors, element by element: the largest, the least, or what a condition says.

import { tensorData, tensorDims } from '../../onnx/tensor.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { hasConstants, type Parts, partsOf } from '../parts.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** Where the first of two parts is taken, broadcast with them: a constant, or `computed` in float, under the tensor's name. */
export type Condition =
  | { readonly computed: string }
  | { readonly dims: readonly number[]; readonly data: readonly boolean[] }

export type Choice = 'max' | 'min' | { readonly condition: Condition }

export interface PlannedSelect extends PlannedOperator {
  readonly kind: 'select' | 'selectconstant'
  readonly choice: Choice
  readonly parts: Parts
}

export function selectOf(
  kind: PlannedSelect['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedSelect> | Refusal | undefined {
  const choice = choiceOf(node, view)
  const chosen = node.opType === 'Where' ? node.input.slice(1) : node.input
  if (!choice || !chosen.some((name) => view.isActivation(name))) return undefined
  const parts = partsOf(chosen, view)
  if (!parts) return { refusal: 'what it chooses from is neither an activation nor a constant' }
  const isOwn = hasConstants(parts) && !parts.every((part) => part === 'input' || isMask(part.data))
  if (isOwn !== (kind === 'selectconstant')) return undefined
  const inputs = chosen.filter((name) => view.isActivation(name))
  return { kind, nodes: [node], inputs, outputs: [node.output[0]!], choice, parts }
}

/** Values that no activation reaches: they stand for minus infinity before a Softmax. */
const MASKED = 1e4

const isMasked = (value: number) => Math.abs(value) >= MASKED

/** Whether a constant is zeros, and values so large that they take the farthest integer and no part in the scale. */
function isMask(values: Float32Array): boolean {
  return values.every((value) => value === 0 || isMasked(value))
}

/** So far below the others, a masked score has less than 2^-30 of a Softmax. */
const ROOM_FOR_MASKED = 24

/** What the scale makes room for, where it has 16 bits. */
export function roomForMasked({ parts }: PlannedSelect): number {
  return parts.some((part) => part !== 'input' && part.data.some(isMasked)) ? ROOM_FOR_MASKED : 0
}

function choiceOf({ opType, input }: NodeProto, view: GraphView): Choice | undefined {
  if (opType === 'Max') return 'max'
  if (opType === 'Min') return 'min'
  if (opType !== 'Where') return undefined
  const [name = ''] = input
  const constant = view.index.initializer(name)
  if (constant?.dataType !== DataType.BOOL) return { condition: { computed: name } }
  return {
    condition: { dims: tensorDims(constant), data: [...tensorData(constant)].map((value) => Number(value) !== 0) },
  }
}
