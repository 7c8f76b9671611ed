// Operators that only move values: the outputs hold input values (or constants that a Pad writes), at the input's scale.

import { floatAttribute, intAttribute, stringAttribute } from '../../onnx/attribute.js'
import { scoresOf } from '../../onnx/scores.js'
import { DataType, type NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { cropsOf } from '../cropping.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

/** Its one input is quantized; what else its nodes read (shapes, indices) stays on the float side. A filling may write zeros among the values. */
export interface PlannedMovement extends PlannedOperator {
  readonly kind: 'movement' | 'filling'
  /** The real value that a Pad writes, where it is not zero. */
  readonly padding?: number
}

type Condition = (node: NodeProto, input: string, view: GraphView) => string | undefined

const always: Condition = () => undefined

/** Operator -> why a node of it does more than move values; undefined when it does not. */
const moving: Readonly<Record<string, Condition>> = {
  CenterCropPad: always,
  Cast: (node) => (intAttribute(node, 'to', 0) === DataType.FLOAT ? undefined : 'it changes the element type'),
  // Of one tensor: several are a family of their own.
  Concat: always,
  DepthToSpace: always,
  Expand: always,
  Flatten: always,
  Gather: always,
  GatherElements: always,
  GatherND: always,
  Identity: always,
  // To the places that a MaxPool gives.
  MaxUnpool: always,
  Pad: padsWithComputed,
  Reshape: always,
  Resize: cropsBeyond,
  ReverseSequence: always,
  Slice: always,
  SpaceToDepth: always,
  Split: always,
  Squeeze: always,
  Tile: always,
  Transpose: always,
  Trilu: always,
  Unsqueeze: always,
  Upsample: always,
}

/** A Pad is none, although it writes zeros: what it writes is known to who folds zero points. */
const filling: ReadonlySet<string> = new Set(['CenterCropPad', 'MaxUnpool', 'Trilu'])

export function movementOf(
  kind: PlannedMovement['kind'],
  node: NodeProto,
  view: GraphView,
): Match<PlannedMovement> | Refusal | undefined {
  const condition = filling.has(node.opType) === (kind === 'filling') ? moving[node.opType] : undefined
  const [input, ...others] = node.input
  if (!condition || !view.isActivation(input)) return undefined
  if (node.opType === 'Concat' && others.length > 0) return undefined
  const refusal = condition(node, input, view)
  if (refusal !== undefined) return { refusal }
  if (others.some((name) => view.isActivation(name))) return { refusal: 'where it moves values depends on activations' }
  const outputs = node.output.filter((name) => name !== '')
  if (!outputs.every((name) => view.isActivation(name)))
    return { refusal: 'an output of it is empty, or its dims depend on values' }
  const padding = paddingOf(node, view)
  return { kind, nodes: [node], inputs: [input], outputs, ...(padding !== 0 && { padding }) }
}

/** A constant that is padded with becomes the integer nearest to it; minus infinity the least one, which no maximum is less than. */
function padsWithComputed(node: NodeProto, _input: string, view: GraphView): string | undefined {
  const padding = paddingOf(node, view)
  if (Number.isFinite(padding)) return undefined
  if (padding !== Number.NEGATIVE_INFINITY) return 'it pads with a value that is not a constant number'
  const readers = view.index.consumers(node.output[0]!)
  const isRead = readers.length > 0 && !view.index.isGraphOutput(node.output[0]!)
  const onlyMaxima = isRead && readers.every(({ opType }) => maxima.has(opType))
  if (onlyMaxima || scoresOf(view.index)(node.output[0]!)) return undefined
  return 'it pads with -Infinity, and not only maxima or a Softmax read that'
}

const maxima: ReadonlySet<string> = new Set(['GlobalMaxPool', 'MaxPool', 'ReduceMax'])

/** The constant that a Pad writes; 0 for other nodes, not a number where it is computed. */
function paddingOf(node: NodeProto, view: GraphView): number {
  if (node.opType !== 'Pad' || stringAttribute(node, 'mode', 'constant') !== 'constant') return 0
  const [, , value = ''] = node.input
  return value === '' ? floatAttribute(node, 'value', 0) : (view.scalar(value) ?? Number.NaN)
}

/** Nearest neighbours copy, whatever the factor; what interpolates is a family of its own. */
function cropsBeyond(node: NodeProto, _input: string, view: GraphView): string | undefined {
  const crops = cropsOf(node, view)
  return crops !== undefined && 'refusal' in crops ? crops.refusal : undefined
}
