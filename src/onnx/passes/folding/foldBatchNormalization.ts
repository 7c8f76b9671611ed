// BatchNormalization at inference is a per-channel affine map (ONNX operator BatchNormalization):
//
//     y = gamma (x - mean) / sqrt(variance + epsilon) + beta
//
// After a Conv, ConvTranspose or Gemm that only it reads, it moves into their weights. Elsewhere it stays.

import { floatAttribute, intAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { floatValues } from '../../tensor.js'
import type { ModelProto, NodeProto } from '../../types.js'
import type { Pass } from '../pass.js'
import { foldIntoLinear } from './foldIntoLinear.js'
import { type ChannelMap, floatConstant } from './linear.js'

export const foldBatchNormalization: Pass = {
  title: 'BatchNormalization nodes folded into weights',
  apply: (proto: ModelProto) =>
    foldIntoLinear(proto, (node, index) => {
      const map = batchNormalization(node, index)
      return (
        map && { input: node.input[0]!, mapFor: ({ channels }) => (map.scale.length === channels ? map : undefined) }
      )
    }),
}

function batchNormalization(node: NodeProto, index: GraphIndex): ChannelMap | undefined {
  if (node.opType !== 'BatchNormalization' || !isStandardDomain(node.domain)) return undefined
  if (intAttribute(node, 'training_mode', 0) !== 0 || intAttribute(node, 'spatial', 1) !== 1) return undefined
  const extraUsed = node.output.slice(1).some((name) => index.consumers(name).length > 0 || index.isGraphOutput(name))
  const [gamma, beta, mean, variance] = node.input.slice(1, 5).map((name) => {
    const tensor = floatConstant(name, index)
    return tensor && floatValues(tensor)
  })
  if (extraUsed || !gamma || !beta || !mean || !variance) return undefined
  const epsilon = floatAttribute(node, 'epsilon', Math.fround(1e-5))
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt(variance[channel]! + epsilon))
  const shift = scale.map((value, channel) => beta[channel]! - value * mean[channel]!)
  return { scale, shift }
}
