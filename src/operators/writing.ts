// What scatters do: values are written into a tensor at given places.

import type { Emitter } from '../emit/builder.js'
import { intAttribute, makeAttribute } from '../onnx/attribute.js'
import { tensorData, tensorDims } from '../onnx/tensor.js'
import { DataType, type NodeProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'
import type { EmitContext } from './contexts.js'

/** What becomes of a place that holds a value already. */
export type Combination = 'none' | 'add' | 'max' | 'min'

/** Values are written into a tensor, at places of that tensor: along an axis, or at tuples of indices. */
export interface Writing {
  readonly combine: Combination
  readonly indices:
    | { readonly computed: string }
    | { readonly dims: readonly number[]; readonly data: readonly number[] }
  /** Absent: the last axis of the indices holds tuples. */
  readonly axis?: number
}

export function writingAt(node: NodeProto, view: GraphView, combine: Combination): Writing {
  const name = node.input[1]!
  const constant = view.index.initializer(name)
  const indices = constant
    ? { dims: tensorDims(constant), data: Array.from(tensorData(constant), Number) }
    : { computed: name }
  const axis = node.opType === 'ScatterND' ? {} : { axis: intAttribute(node, 'axis', 0) }
  return { combine, indices, ...axis }
}

export function emitWriting(
  e: Emitter,
  { indices, axis, combine }: Writing,
  [into, written]: readonly [string, string],
  context: EmitContext,
): string {
  const places =
    'computed' in indices
      ? context.real(indices.computed)
      : e.initializer('places', DataType.INT64, indices.dims, BigInt64Array.from(indices.data, BigInt))
  const reduction = combine === 'none' ? [] : [makeAttribute('reduction', combine)]
  if (axis === undefined) return e.emit('ScatterND', [into, places, written], reduction)
  return e.emit('ScatterElements', [into, places, written], [makeAttribute('axis', axis), ...reduction])
}
