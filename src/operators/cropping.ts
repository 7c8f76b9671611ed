// The part of each axis that a Resize takes, where it crops (tf_crop_and_resize).

import { intsAttribute, stringAttribute } from '../onnx/attribute.js'
import type { NodeProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'
import type { Refusal } from './types.js'

/** Of an axis of length 1: from where, to where. */
export type Crop = readonly [start: number, end: number]

/** One part for each axis; undefined where the node does not crop. */
export function cropsOf(node: NodeProto, view: GraphView): readonly Crop[] | Refusal | undefined {
  if (stringAttribute(node, 'coordinate_transformation_mode', '') !== 'tf_crop_and_resize') return undefined
  const roi = view.constant(node.input[1])?.data
  if (roi === undefined) return { refusal: 'what it crops is computed' }
  // Beyond the ends there is a value of its own, which is no value of the input.
  if (!roi.every((place) => place >= 0 && place <= 1)) return { refusal: 'it crops more than there is' }
  const rank = view.dims(node.input[0]!).length
  const along = intsAttribute(node, 'axes', undefined)?.map((axis) => (axis < 0 ? axis + rank : axis))
  const count = roi.length / 2
  return Array.from({ length: rank }, (_, axis): Crop => {
    const at = along ? along.indexOf(axis) : axis
    return at < 0 ? [0, 1] : [roi[at]!, roi[at + count]!]
  })
}
