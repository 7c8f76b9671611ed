// Arithmetic of an activation with constants of any shape that broadcasts: position embeddings, LayerScale, a BatchNormalization that no
// convolution takes up.

import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import { ONE, ZERO } from '../scaling/constants.js'
import type { Match, PlannedOperator } from '../types.js'

/** y = factor * x + offset, with numpy's broadcasting. */
export interface PlannedAffine extends PlannedOperator {
  readonly factor: FloatConstant
  readonly offset: FloatConstant
  readonly clamp: Clamp | undefined
}

type Step = Pick<PlannedAffine, 'factor' | 'offset'>

/** A Mul, Div, Add or Sub with a constant, or a BatchNormalization; a factor takes up the offset that follows. */
export function affineOf(node: NodeProto, view: GraphView): Match<PlannedAffine> | undefined {
  const input = node.input.find((name) => view.isActivation(name))
  const step = input === undefined ? undefined : stepOf(node, input, view)
  if (input === undefined || step === undefined) return undefined
  const next = view.soleReader(node.output[0]!)
  const more = next && step.offset === ZERO ? stepOf(next, node.output[0]!, view) : undefined
  const joined = next && more?.factor === ONE
  const nodes = joined ? [node, next] : [node]
  const fused = followingClamp(nodes.at(-1)!.output[0]!, view)
  return {
    kind: 'affine',
    nodes: [...nodes, ...fused.nodes],
    inputs: [input],
    outputs: [fused.output],
    factor: step.factor,
    offset: joined ? more.offset : step.offset,
    clamp: fused.clamp,
  }
}

function stepOf(node: NodeProto, input: string, view: GraphView): Step | undefined {
  if (node.opType === 'BatchNormalization') return batchNormalization(node, input, view)
  if (node.input.length !== 2 || node.input[0] === node.input[1]) return undefined
  const constant = view.constant(node.input.find((name) => name !== input))
  if (constant === undefined) return undefined
  const first = node.input[0] === input
  switch (node.opType) {
    case 'Mul':
      return { factor: constant, offset: ZERO }
    case 'Div':
      return first
        ? finite(
            mapped(constant, (value) => 1 / value),
            ZERO,
          )
        : undefined
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

function batchNormalization(node: NodeProto, input: string, view: GraphView): Step | undefined {
  const [gamma, beta, mean, variance] = node.input.slice(1, 5).map((name) => view.constant(name)?.data)
  if (!gamma || !beta || !mean || !variance || intAttribute(node, 'training_mode', 0) !== 0) return undefined
  const epsilon = floatAttribute(node, 'epsilon', Math.fround(1e-5))
  const dims = [
    gamma.length,
    ...view
      .dims(input)
      .slice(2)
      .map(() => 1),
  ]
  const factor = gamma.map((value, c) => value / Math.sqrt(variance[c]! + epsilon))
  return finite({ dims, data: factor }, { dims, data: beta.map((value, c) => value - factor[c]! * mean[c]!) })
}

function finite(factor: FloatConstant, offset: FloatConstant): Step | undefined {
  return [factor, offset].every(({ data }) => data.every(Number.isFinite)) ? { factor, offset } : undefined
}

function mapped({ dims, data }: FloatConstant, change: (value: number) => number): FloatConstant {
  return { dims, data: data.map(change) }
}
