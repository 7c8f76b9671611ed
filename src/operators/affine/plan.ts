// Arithmetic of an activation with constants of any shape that broadcasts: position embeddings, LayerScale, a BatchNormalization that no
// convolution takes up.

import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import { finite, joinedScaling, type Scaling, scalingOf } from '../scaling/plan.js'
import type { Match, PlannedOperator } from '../types.js'

export interface PlannedAffine extends PlannedOperator, Scaling {
  readonly clamp: Clamp | undefined
}

/** A Mul, Div, Add or Sub with a constant, or a BatchNormalization; a factor takes up the offset that follows. */
export function affineOf(node: NodeProto, view: GraphView): Match<PlannedAffine> | undefined {
  const input = node.input.find((name) => view.isActivation(name))
  if (input === undefined) return undefined
  const isBatch = node.opType === 'BatchNormalization'
  const scaling = isBatch ? batchNormalization(node, input, view) : scalingOf(node, input, view)
  if (scaling === undefined) return undefined
  const { factor, offset, nodes } = joinedScaling(node, scaling, view)
  const { clamp, nodes: clamps, output } = followingClamp(nodes.at(-1)!.output[0]!, view)
  return { kind: 'affine', nodes: [...nodes, ...clamps], inputs: [input], outputs: [output], factor, offset, clamp }
}

function batchNormalization(node: NodeProto, input: string, view: GraphView): Scaling | undefined {
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
  const offset = beta.map((value, c) => value - factor[c]! * mean[c]!)
  return finite({ factor: { dims, data: factor }, offset: { dims, data: offset } })
}
