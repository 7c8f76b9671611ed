// Choices between tensors, element by element: the largest, the least, what a condition says, or what is written into another.

import { stringAttribute } from '../../onnx/attribute.js'
import { tensorData, tensorDims } from '../../onnx/tensor.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { isMasked, partsMask, ROOM_FOR_MASKED } from '../masks.js'
import { hasConstants, type Parts, partsOf } from '../parts.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'
import { type Combination, type Writing, writingAt } from '../writing.js'

/** Where the first of two parts is taken, broadcast with them: a constant, or `computed` in float, under the tensor's name. */
export type Condition =
  | { readonly computed: string }
  | { readonly dims: readonly number[]; readonly data: readonly boolean[] }

export type Choice = 'max' | 'min' | { readonly condition: Condition } | { readonly writing: Writing }

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
  const chosen = chosenOf(node)
  if (!choice || !chosen.some((name) => view.isActivation(name))) return undefined
  if (typeof choice === 'object' && 'refusal' in choice) return choice
  const parts = partsOf(chosen, view)
  if (!parts) return { refusal: 'what it chooses from is neither an activation nor a constant' }
  const isOwn = hasConstants(parts) && !parts.every((part) => part === 'input' || isMask(part.data))
  if (isOwn !== (kind === 'selectconstant')) return undefined
  const inputs = chosen.filter((name) => view.isActivation(name))
  return { kind, nodes: [node], inputs, outputs: [node.output[0]!], choice, parts }
}

/** Whether a constant is zeros, and values so large that they take the farthest integer and no part in the scale. */
function isMask(values: Float32Array): boolean {
  return values.every((value) => value === 0 || isMasked(value))
}

/** What the scale makes room for, where it has 16 bits. */
export function roomForMasked({ parts }: PlannedSelect): number {
  return partsMask(parts) ? ROOM_FOR_MASKED : 0
}

const writing: ReadonlySet<string> = new Set(['Scatter', 'ScatterElements', 'ScatterND'])

function chosenOf({ opType, input }: NodeProto): readonly string[] {
  if (opType === 'Where') return input.slice(1)
  return writing.has(opType) ? [input[0]!, input[2]!] : input
}

function choiceOf(node: NodeProto, view: GraphView): Choice | Refusal | undefined {
  const { opType, input } = node
  if (opType === 'Max') return 'max'
  if (opType === 'Min') return 'min'
  if (writing.has(opType)) return writingOf(node, view)
  if (opType !== 'Where') return undefined
  const [name = ''] = input
  const constant = view.index.initializer(name)
  if (constant?.dataType !== DataType.BOOL) return { condition: { computed: name } }
  return {
    condition: { dims: tensorDims(constant), data: [...tensorData(constant)].map((value) => Number(value) !== 0) },
  }
}

function writingOf(node: NodeProto, view: GraphView): Choice | Refusal | undefined {
  const combine = stringAttribute(node, 'reduction', 'none')
  if (combine === 'mul') return { refusal: 'products of many values leave every width' }
  return combine === 'add' ? undefined : { writing: writingAt(node, view, combine as Combination) }
}
