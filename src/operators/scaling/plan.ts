// Nodes that multiply an activation by constants and add constants to it.

import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { ONE, ZERO } from './constants.js'

/** y = factor * x + offset, with numpy's broadcasting. */
export interface Scaling {
  readonly factor: FloatConstant
  readonly offset: FloatConstant
}

/** A scaling and the node that adds its offset, where the scaling has taken one up. */
export interface JoinedScaling extends Scaling {
  readonly nodes: readonly NodeProto[]
}

/** The scaling of a node, which takes up the offset that follows a mere factor. */
export function joinedScaling(node: NodeProto, scaling: Scaling, view: GraphView): JoinedScaling {
  const output = node.output[0]!
  const next = scaling.offset === ZERO ? view.soleReader(output) : undefined
  const more = next && scalingOf(next, output, view)
  return next && more?.factor === ONE
    ? { factor: scaling.factor, offset: more.offset, nodes: [node, next] }
    : { ...scaling, nodes: [node] }
}

/** What a Mul, Div, Add or Sub with a constant does to its other input. */
export function scalingOf(node: NodeProto, input: string, view: GraphView): Scaling | undefined {
  if (node.input.length !== 2 || node.input[0] === node.input[1]) return undefined
  const constant = view.constant(node.input.find((name) => name !== input))
  if (constant === undefined) return undefined
  const first = node.input[0] === input
  switch (node.opType) {
    case 'Mul':
      return { factor: constant, offset: ZERO }
    case 'Div': {
      if (!first) return undefined
      const factor = mapped(constant, (value) => 1 / value)
      return finite({ factor, offset: ZERO })
    }
    case 'Add':
      return { factor: ONE, offset: constant }
    case 'Sub':
      return first
        ? { factor: ONE, offset: mapped(constant, (value) => -value) }
        : { factor: mapped(ONE, () => -1), offset: constant }
    default:
      return undefined
  }
}

/** The scaling, where all of its constants are numbers. */
export function finite(scaling: Scaling): Scaling | undefined {
  return [scaling.factor, scaling.offset].every(({ data }) => data.every(Number.isFinite)) ? scaling : undefined
}

function mapped({ dims, data }: FloatConstant, change: (value: number) => number): FloatConstant {
  return { dims, data: data.map(change) }
}
