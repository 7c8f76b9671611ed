// Relu, Clip, Min and Max with constant bounds that follow an accumulating operator: it applies them at no cost.

import { clip, roundHalfAway } from '../fixedpoint/rounding.js'
import type { Bounds } from '../fixedpoint/shiftChoice.js'
import type { QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { floatAttribute } from '../onnx/attribute.js'
import type { NodeProto } from '../onnx/types.js'
import type { GraphView } from '../plan/view.js'

/** y = min(max(x, low), high), in real units. Relu is {low: 0, high: Infinity}. */
export interface Clamp {
  readonly low: number
  readonly high: number
}

export interface FusedClamp {
  readonly clamp: Clamp | undefined
  /** The fused nodes, in order. */
  readonly nodes: readonly NodeProto[]
  /** The last one's output; the tensor itself when nothing follows. */
  readonly output: string
}

/** The clamps that are alone in reading a tensor, one after another. */
export function followingClamp(tensor: string, view: GraphView): FusedClamp {
  let output = tensor
  let clamp: Clamp | undefined
  const nodes: NodeProto[] = []
  for (;;) {
    const node = view.soleReader(output)
    const next = node && clampOf(node, output, view)
    if (!node || !next) return { clamp, nodes, output }
    clamp = clamp ? { low: bounded(clamp.low, next), high: bounded(clamp.high, next) } : next
    nodes.push(node)
    output = node.output[0]!
  }
}

function bounded(x: number, { low, high }: Clamp): number {
  return Math.min(Math.max(x, low), high)
}

/** The bounds a node applies to `tensor`; undefined for a node that does anything else. */
function clampOf(node: NodeProto, tensor: string, view: GraphView): Clamp | undefined {
  switch (node.opType) {
    case 'Relu':
      return { low: 0, high: Number.POSITIVE_INFINITY }
    case 'Clip':
      return node.input[0] === tensor ? clipBounds(node, view) : undefined
    case 'Min':
    case 'Max': {
      const bound = view.scalar(node.input.find((name) => name !== tensor))
      const same = view.dims(node.output[0]!).length === view.dims(tensor).length
      if (node.input.length !== 2 || bound === undefined || !same) return undefined
      return node.opType === 'Min'
        ? { low: Number.NEGATIVE_INFINITY, high: bound }
        : { low: bound, high: Number.POSITIVE_INFINITY }
    }
    default:
      return undefined
  }
}

/** Bounds are inputs since opset 11, attributes before; either may be absent. */
function clipBounds(node: NodeProto, view: GraphView): Clamp | undefined {
  const [, min = '', max = ''] = node.input
  const low = min === '' ? floatAttribute(node, 'min', Number.NEGATIVE_INFINITY) : view.scalar(min)
  const high = max === '' ? floatAttribute(node, 'max', Number.POSITIVE_INFINITY) : view.scalar(max)
  return low === undefined || high === undefined ? undefined : { low, high }
}

/** The integers that a clamp leaves of a tensor's width. */
export function boundsOf({ scale, bits }: QuantizedTensor, clamp: Clamp | undefined): Bounds {
  const [least, most] = rangeOf(bits)
  if (!clamp) return { low: least, high: most }
  const toInteger = (bound: number) => clip(roundHalfAway(bound / scale), least, most)
  return { low: toInteger(clamp.low), high: toInteger(clamp.high) }
}
